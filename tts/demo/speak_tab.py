"""Speak: a text is heard while it is made, its words light up in time, and the tabs below show what lies behind.

Most texts are made in less time than a player takes to open a stream: they are played from the finished file. What will take
longer than PATIENCE_SECONDS, at the speed seen so far, is streamed piece by piece, and the file follows. Gradio's stream needs
ffmpeg; without it, all wait for the file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from tts.demo import pictures
from tts.demo.analysis import analyse, judge_line, read_utterances, track_pitch
from tts.demo.controls import (
    CHARACTERS_PER_SECOND,
    ENGINE,
    MAX_CHARACTERS,
    PICTURES,
    QUIET,
    add_controls,
    add_picture,
    read_controls,
)
from tts.demo.shelf import Shelf
from tts.demo.take import Take, join_pieces, prepare
from tts.demo.transcript import PAGE_JS, show_facts, show_note, show_table, show_words
from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.subtitles import FORMATS

PATIENCE_SECONDS = 1.2
SAMPLE_SECONDS = 0.5  # of speech, after which the speed can be judged
STATE_SECONDS = 1800  # that a visitor's last take is kept
GREETING = "Type a text and press Speak, or Ctrl-Enter."
EXAMPLES = {
    "A sentence": "The birch canoe slid on the smooth planks.",
    "Numbers": "On 5/6/2021 Dr. Smith paid $4.75 for 2 lbs of apples at 10:30 a.m.",
    "A pause": "Wait for it. [pause:1.2] Now!",
    "Your pronunciation": "I say [tomato](/təmˈɑːtoʊ/), you say [tomato](/təmˈeɪtoʊ/).",
    "Steered words": "That is [really]{pitch=1.5 energy=1} good. [So slow.]{rate=-2}",
    "A longer text": (
        "The sea was calm that morning, and the light lay on it like a sheet of tin. Nobody spoke. The old man counted his nets, "
        "slowly, twice, and then he looked at the sky.\n\nBy noon the wind had turned. It came from the north, cold, and "
        "it smelled of rain. He pulled up the anchor, set the sail, and let the boat find its own way home. There was no hurry. "
        "There had never been any hurry, he thought, and he laughed out loud."
    ),
}
Update = dict[Any, Any]  # component -> its new value


class SpeakTab:
    """The components of the tab, and what happens in it."""

    def __init__(self, shelf: Shelf) -> None:
        """Draw the tab into the current Blocks."""
        self.shelf = shelf
        self.can_stream = shutil.which("ffmpeg") is not None
        with gr.Row(elem_id="speak"):
            with gr.Column(scale=5, min_width=300):
                self._draw_inputs()
            with gr.Column(scale=7, min_width=300, elem_id="speak-sound"):
                self._draw_outputs()
                self._draw_details()
        self._connect()

    def _draw_inputs(self) -> None:
        self.text = gr.Textbox(
            EXAMPLES["A sentence"], label="Text", lines=5, max_lines=14, max_length=MAX_CHARACTERS, elem_id="speak-text",
            placeholder="Any English text. [pause:0.5], [word](/wˈɜːd/) and [some words]{pitch=1.5} work too.",
        )  # fmt: skip
        with gr.Row():
            self.button = gr.Button("Speak", variant="primary", elem_id="speak-button", scale=3, min_width=120)
            self.stop = gr.Button("Stop", elem_id="speak-stop", scale=1, min_width=80)
        gr.Examples(
            [[text] for text in EXAMPLES.values()], [self.text], example_labels=list(EXAMPLES), label="Try",
            api_visibility="private", cache_examples=False,
        )  # fmt: skip
        with gr.Accordion("How it is spoken", open=True, elem_id="speak-how"):
            self.controls = add_controls(self.shelf, "speak")

    def _draw_outputs(self) -> None:
        plain = gr.WaveformOptions(show_recording_waveform=False)
        sound: dict[str, Any] = {"interactive": False, "waveform_options": plain}
        self.live = gr.Audio(
            label="Live, while it is made", streaming=True, autoplay=True, visible=False, buttons=[], elem_id="live", **sound
        )
        self.player = gr.Audio(label="Speech", autoplay=True, buttons=["download"], elem_id="player", **sound)
        self.facts = gr.HTML(show_note(GREETING), elem_id="facts")
        self.words = gr.HTML(show_words([]), js_on_load=PAGE_JS, elem_id="words")

    def _draw_details(self) -> None:
        self.take = gr.State(None, time_to_live=STATE_SECONDS)
        self.line = gr.Dropdown([], label="Shown below", visible=False, elem_id="line")
        self.images: dict[str, gr.Image] = {}
        with gr.Tabs(elem_id="details", overflow_behavior="wrap"):
            for name in DETAILS:
                with gr.Tab(name):
                    self.images[name] = add_picture(name)
            with gr.Tab("Phonemes"):
                self.phonemes = gr.HTML(elem_id="phonemes")
            with gr.Tab("Timings"):
                with gr.Row():
                    self.files = [
                        gr.DownloadButton(
                            suffix[1:].upper(), size="sm", min_width=70, interactive=False, elem_id=f"timings-{suffix[1:]}"
                        )
                        for suffix in FORMATS
                    ]
                self.timings = gr.HTML(elem_id="timings")

    def _connect(self) -> None:
        outputs = [self.live, self.player, self.facts, self.words, self.take, self.line, self.phonemes, self.timings, *self.files]
        speaking = gr.on(
            [self.button.click, self.text.submit], self.speak, [self.text, *self.controls.inputs], outputs,
            show_progress="hidden", api_visibility="private", trigger_mode="multiple", **ENGINE,
        )  # fmt: skip
        details: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", **PICTURES}
        for name, image in self.images.items():
            # One event each: what an event yields for a tab that is not open is lost when it yields once more.
            for happened in (speaking.success, self.line.input):
                happened(partial(self.draw, name), [self.take, self.line], image, **details)
        self.live.stop(lambda: gr.update(visible=False), None, self.live, **QUIET)
        silence = "() => document.querySelectorAll('#speak-sound audio').forEach((sound) => sound.pause())"
        self.stop.click(None, None, None, cancels=[speaking], js=silence, api_visibility="private")

    def speak(self, text: str, *values: Any) -> Iterator[Update]:
        """Speak a text as the controls' values say; yields what changes on the page."""
        try:
            voice, settings = read_controls(*values)
            tts = self.shelf.get(voice)
            take = prepare(tts, voice, text, MAX_CHARACTERS, **settings)
            yield from self._play(tts, take)
        except InputError as error:
            yield self._emptied() | {self.facts: show_note(str(error), "problem")}
            return
        with tempfile.TemporaryDirectory() as folder:
            yield self._finished(tts, take, Path(folder))

    def _emptied(self) -> Update:
        nothing = gr.update(value=None, visible=False)
        return {self.live: nothing, self.player: gr.update(value=None), self.words: show_words([]), self.take: None}

    def _play(self, tts: TTS, take: Take) -> Iterator[Update]:
        """Play the file if it is soon there, else a stream and then the file."""
        chunks = take.speak(tts)
        held: list[np.ndarray] = []
        for chunk in chunks:
            held.append(chunk)
            if self.can_stream and _expected_seconds(take) > PATIENCE_SECONDS:
                yield {self.live: gr.update(value=None, visible=True), self.player: gr.update(value=None)}
                yield from self._stream(take, chain(held, chunks))
                yield {self.player: gr.update(value=take.pcm, autoplay=False)}
                return
        yield {self.live: gr.update(value=None, visible=False), self.player: gr.update(value=take.pcm, autoplay=True)}

    def _stream(self, take: Take, chunks: Iterator[np.ndarray]) -> Iterator[Update]:
        n_lines, n_samples = 0, 0
        for piece in join_pieces(chunks, take.sample_rate):
            n_samples += len(piece)
            note = show_note(f"speaking: {n_samples / take.sample_rate:.0f} s so far, {1 / take.rtf:.0f} times real time")
            update: Update = {self.live: (take.sample_rate, piece), self.facts: note}
            if len(take.lines) > n_lines:
                n_lines = len(take.lines)
                update[self.words] = show_words(take.lines)
            yield update

    def _finished(self, tts: TTS, take: Take, folder: Path) -> Update:
        """All that needs the whole take; Gradio copies the files out of the folder."""
        said = [(utterance.normalized, utterance.phonemes.phonemes) for utterance in read_utterances(tts, take.text)]
        times = [(word.text, f"{word.start:.3f}", f"{word.end:.3f}") for line in take.lines for word in line.words]
        choices = [(f"{index}. {line.text[:70]}", index - 1) for index, line in enumerate(take.lines, 1)]
        update: Update = {
            self.facts: show_facts(_facts(take)),
            self.words: show_words(take.lines),
            self.take: take,
            self.line: gr.update(choices=choices, value=0, visible=len(choices) > 1),
            self.phonemes: show_table(("spoken words", "phonemes"), said),
            self.timings: show_table(("word", "start, s", "end, s"), times),
        }
        for button, (suffix, form) in zip(self.files, FORMATS.items(), strict=True):
            path = folder / f"speech{suffix}"
            path.write_text(form(take.sentences, take.seconds), encoding="utf-8")
            update[button] = gr.update(value=str(path), interactive=True)
        return update

    def draw(self, name: str, take: Take | None, index: int | None) -> np.ndarray | None:
        """One of DETAILS of a line of a take."""
        return None if take is None else DETAILS[name](self.shelf.get(take.voice), take, index or 0)


def _draw_mel(tts: TTS, take: Take, index: int) -> np.ndarray:
    return pictures.draw_mel(analyse(tts, take, index))


def _draw_alignment(tts: TTS, take: Take, index: int) -> np.ndarray:
    return pictures.draw_alignment(analyse(tts, take, index))


def _draw_pitch(tts: TTS, take: Take, index: int) -> np.ndarray:
    analysis = analyse(tts, take, index)
    return pictures.draw_pitch(analysis, track_pitch(tts, analysis.mel))


def _draw_uncertainty(tts: TTS, take: Take, index: int) -> np.ndarray:
    return pictures.draw_score(judge_line(tts, take, index))


DETAILS: dict[str, Callable[[TTS, Take, int], np.ndarray]] = {
    "Mel": _draw_mel,
    "Alignment": _draw_alignment,
    "Pitch": _draw_pitch,
    "Uncertainty": _draw_uncertainty,
}  # tab -> the picture of a line of a take


def _expected_seconds(take: Take) -> float:
    """How long the engine will take for the whole text, judged by what it has spoken so far."""
    if take.seconds < SAMPLE_SECONDS:
        return 0.0
    length = len(take.text) / CHARACTERS_PER_SECOND / take.sampling.speed
    return max(take.compute_seconds, take.rtf * length)


def _facts(take: Take) -> dict[str, str]:
    """The line of figures."""
    facts = {
        "s of speech": f"{take.seconds:.2f}",
        "times real time": f"{1 / take.rtf:.1f}",
        "real-time factor": f"{take.rtf:.3f}",
        "ms to the first audio": f"{1000 * (take.first_audio_seconds or 0):.0f}",
        "seed": str(take.sampling.seed),
    }
    if take.unknown:
        facts["not spoken"] = " ".join(f"{character}×{count}" for character, count in list(take.unknown.items())[:12])
    return facts

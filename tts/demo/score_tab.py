"""Score: how likely a voice finds a recording, word by word: mispronounced words and wrong transcripts stand out."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from tts.demo import pictures
from tts.demo.controls import ENGINE, add_picture, add_voice
from tts.demo.shelf import Shelf
from tts.demo.speak_tab import Update
from tts.demo.transcript import show_facts, show_note, show_table
from tts.errors import InputError
from tts.inference.scoring import Score, WordScore, score

MAX_SECONDS, MAX_CHARACTERS = 30, 600
ADVICE = "Upload or record a sentence, write what it should say, and press Score."
EXAMPLE = "The birch canoe slid on the smooth planks."
HEADERS = ("word", "start, s", "end, s", "nats per band and frame", "deviations from normal")
Recorded = tuple[int, np.ndarray]  # sample rate, and samples (N,) or (N, channels)


class ScoreTab:
    """The components of the tab, and what happens in it."""

    def __init__(self, shelf: Shelf) -> None:
        """Draw the tab into the current Blocks; the shelf must have a voice with an aligner."""
        self.shelf = shelf
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self.sound = gr.Audio(label="A recording", sources=["upload", "microphone"], type="numpy", elem_id="score-audio")
                self.text = gr.Textbox(
                    EXAMPLE, label="What it should say", lines=2, max_lines=6, max_length=MAX_CHARACTERS, elem_id="score-text"
                )
                self.voice = add_voice(shelf, shelf.listeners, visible=len(shelf.listeners) > 1)
                self.button = gr.Button("Score", variant="primary", elem_id="score-button")
            with gr.Column(scale=7, min_width=300):
                self.facts = gr.HTML(show_note(ADVICE), elem_id="score-facts")
                self.words = gr.HTML(elem_id="score-words")
                self.image = add_picture("Likelihood")
                self.table = gr.HTML(elem_id="score-table")
        self.button.click(
            self.score, [self.sound, self.text, self.voice], [self.facts, self.words, self.image, self.table],
            show_progress="minimal", show_progress_on=self.facts, api_visibility="private", trigger_mode="once", **ENGINE,
        )  # fmt: skip

    def score(self, sound: Recorded | None, text: str, voice: str) -> Update:
        """Judge a recording; returns what changes on the page."""
        try:
            result = score_sound(self.shelf, sound, text, voice)
        except InputError as error:
            empty: dict[Any, Any] = {self.words: "", self.image: None, self.table: ""}
            return empty | {self.facts: show_note(str(error), "problem")}
        return {
            self.facts: show_facts(_facts(result)),
            self.words: show_words(result.words),
            self.image: pictures.draw_score(result),
            self.table: show_table(HEADERS, [row_of(word) for word in result.words]),
        }


def score_sound(shelf: Shelf, sound: Recorded | None, text: str, voice: str) -> Score:
    """Judge a recording as Gradio hands it over.

    Raises:
        InputError: there is none, it is too long, the text is empty or too long, or the two do not go together.
    """
    if sound is None:
        raise InputError("no recording yet: upload one, or press the microphone")
    if not text.strip():
        raise InputError("write what the recording should say")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{len(text):,} characters are too many here: {MAX_CHARACTERS:,} at most")
    rate, samples = sound
    if len(samples) > MAX_SECONDS * rate:
        raise InputError(f"{len(samples) / rate:.0f} s are too long: cut the recording to {MAX_SECONDS} s")
    audio = samples.astype(np.float32) / (np.iinfo(samples.dtype).max if samples.dtype.kind == "i" else 1)
    return score(shelf.get(voice), audio.mean(1) if audio.ndim > 1 else audio, rate, text)


def show_words(words: list[WordScore]) -> str:
    """The words in a row; those that stand out are marked."""
    spans = []
    for word in words:
        kind = ' class="suspicious"' if word.is_suspicious else ""
        title = f"{word.log_prob:.2f} nats" if word.z is None else f"{word.z:+.1f} deviations from normal"
        spans.append(f'<span{kind} title="{escape(title)}">{escape(word.text)}</span> ')
    return f'<div class="transcript"><p>{"".join(spans)}</p></div>'


def row_of(word: WordScore) -> tuple[str, ...]:
    """A word for the table."""
    z = "" if word.z is None else f"{word.z:+.2f}"
    return word.text, f"{word.start:.2f}", f"{word.end:.2f}", f"{word.log_prob:.3f}", z


def _facts(result: Score) -> dict[str, str]:
    facts = {"nats per band and frame": f"{result.mean_log_prob:.3f}"}
    if result.z is not None:
        facts["deviations from normal"] = f"{result.z:+.1f}"
    marked = sum(word.is_suspicious for word in result.words)
    return facts | {"of the words stand out": f"{marked} of {len(result.words)}"}

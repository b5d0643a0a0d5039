"""Compare: one text in several variants, at one loudness, side by side or blind, and where their mels differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from tts.audio.io import to_pcm16
from tts.demo import loudness, pictures
from tts.demo.ballot import Ballot
from tts.demo.controls import ENGINE, PICTURES, QUIET, add_picture, add_seed, add_voice, own_temperature, read_seed
from tts.demo.shelf import Shelf
from tts.demo.speak_tab import STATE_SECONDS, Update
from tts.demo.take import Take, prepare
from tts.demo.transcript import show_note, show_table
from tts.errors import InputError

MAX_VARIANTS = 4
MAX_CHARACTERS = 400
TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
TEXT = "Kites rise highest against the wind, not with it."
LOUDNESS_NOTE = (
    f"All variants are set to one loudness ({loudness.TARGET_LUFS:g} LUFS, ITU-R BS.1770-4), and lowered together should one of "
    "them clip: ears take the louder for the better."
)
Loud = tuple[int, np.ndarray]  # sample rate and int16 samples


@dataclass(frozen=True)
class Setup:
    """The components of a variant."""

    group: gr.Column
    voice: gr.Dropdown
    temperature: gr.Slider
    speed: gr.Slider
    player: gr.Audio
    facts: gr.HTML


@dataclass
class Round:
    """What a visitor compares.

    Attributes:
        labels: of the variants, all different.
        takes: of the variants.
        sounds: of the variants, at one loudness.
        ballot: of the blind test.
    """

    labels: list[str]
    takes: list[Take]
    sounds: list[Loud]
    ballot: Ballot


class CompareTab:
    """The components of the tab, and what happens in it."""

    def __init__(self, shelf: Shelf) -> None:
        """Draw the tab into the current Blocks."""
        self.shelf = shelf
        self.n_shown = min(MAX_VARIANTS, max(3, len(shelf.names)))
        self.round = gr.State(None, time_to_live=STATE_SECONDS)
        self._draw_inputs()
        self.facts = gr.HTML(show_note(LOUDNESS_NOTE), elem_id="compare-facts")
        with gr.Tabs(elem_id="compare-views"):
            with gr.Tab("Side by side"), gr.Row():
                self.setups = [self._draw_setup(number) for number in range(MAX_VARIANTS)]
            with gr.Tab("Blind"):
                self._draw_blind()
            with gr.Tab("Difference"):
                self._draw_difference()
        self._connect()

    def _draw_inputs(self) -> None:
        with gr.Row():
            self.text = gr.Textbox(TEXT, label="Text", lines=2, max_lines=5, max_length=MAX_CHARACTERS, scale=4, min_width=280)
            with gr.Column(scale=3, min_width=300):
                with gr.Row():
                    self.count = gr.Radio(
                        [2, 3, 4], value=self.n_shown, label="Variants", elem_id="compare-count", min_width=190, scale=2
                    )
                    self.seed = add_seed("compare", "1", "Seed of all")
                self.button = gr.Button("Compare", variant="primary", elem_id="compare-button")

    def _draw_setup(self, number: int) -> Setup:
        names = _kin_first(self.shelf.names)
        several = len(names) > 1
        name = names[number % len(names)]
        temperature = own_temperature(self.shelf, name) if several else TEMPERATURES[number]
        with gr.Column(min_width=240, visible=number < self.n_shown, elem_classes="variant") as group:
            gr.Markdown(f"**{number + 1}**")
            voice = add_voice(self.shelf, visible=several)
            voice.value = name
            slider = gr.Slider(0, 1, temperature, step=0.05, label="Temperature")
            speed = gr.Slider(0.5, 2, 1, step=0.05, label="Speed")
            player = gr.Audio(
                label=f"Variant {number + 1}", interactive=False, buttons=["download"], elem_id=f"variant-{number + 1}"
            )
            facts = gr.HTML(show_note(""))
        return Setup(group, voice, slider, speed, player, facts)

    def _draw_blind(self) -> None:
        self.progress = gr.HTML(
            show_note("Press Compare; then two of the variants wait here without their names."), elem_id="ballot"
        )
        with gr.Row():
            self.sides = [gr.Audio(label=side, interactive=False, buttons=[], elem_id=f"blind-{side}") for side in "AB"]
        with gr.Row():
            self.choices = [
                gr.Button(words, interactive=False, elem_id=f"vote-{choice}", min_width=90)
                for words, choice in (("A is better", "A"), ("No difference", "same"), ("B is better", "B"))
            ]
        self.reveal = gr.Button("Reveal the tally", size="sm", interactive=False, elem_id="reveal")
        self.tally = gr.HTML(elem_id="tally")

    def _draw_difference(self) -> None:
        with gr.Row():
            self.pair = [gr.Dropdown([], label=label, interactive=True, min_width=160) for label in ("From", "To")]
        self.image = add_picture("Difference")

    def _connect(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private"}
        self.count.input(self.show_setups, self.count, [setup.group for setup in self.setups], **QUIET)
        settings = [part for setup in self.setups for part in (setup.voice, setup.temperature, setup.speed)]
        results = [part for setup in self.setups for part in (setup.player, setup.facts)]
        blind = [self.progress, *self.sides, *self.choices, self.reveal, self.tally]
        spoken = self.button.click(
            self.compare, [self.text, self.seed, self.count, *settings], [self.round, self.facts, *results, *blind, *self.pair],
            show_progress="minimal", show_progress_on=self.facts, trigger_mode="once", **private, **ENGINE,
        )  # fmt: skip
        drawing: dict[str, Any] = {**private, **PICTURES}
        spoken.success(self.draw, [self.round, *self.pair], self.image, **drawing)
        gr.on([box.input for box in self.pair], self.draw, [self.round, *self.pair], self.image, **drawing)
        for button, choice in zip(self.choices, ("A", "same", "B"), strict=True):
            button.click(lambda held, choice=choice: self.vote(held, choice), self.round, [self.round, *blind], **QUIET)
        self.reveal.click(self.show_tally, self.round, self.tally, **QUIET)

    def show_setups(self, count: int) -> list[Any]:
        """Show so many variants."""
        return [gr.update(visible=number < count) for number in range(MAX_VARIANTS)]

    def compare(self, text: str, seed: str, count: int, *settings: Any) -> Iterator[Update]:
        """Speak all variants; yields what changes on the page."""
        variants = [settings[start : start + 3] for start in range(0, 3 * count, 3)]
        try:
            takes = [self._speak(text, read_seed(seed), *variant) for variant in variants]
        except InputError as error:
            yield {self.facts: show_note(str(error), "problem"), self.round: None}
            return
        labels = _labels(takes)
        rate = takes[0].sample_rate
        matched, gains = loudness.match([take.waveform for take in takes], rate)
        sounds = [(rate, to_pcm16(audio)) for audio in matched]
        held = Round(labels, takes, sounds, Ballot(labels, random.Random()))
        update: Update = {self.round: held, self.facts: show_note(LOUDNESS_NOTE)}
        for setup, take, sound, gain in zip(self.setups, takes, sounds, gains, strict=False):
            note = f"{take.seconds:.2f} s, {1 / take.rtf:.0f} times real time, set {gain:+.1f} dB"
            update |= {setup.player: gr.update(value=sound), setup.facts: show_note(note)}
        for box, index in zip(self.pair, (0, 1), strict=True):
            update[box] = gr.update(choices=list(zip(labels, range(count), strict=True)), value=index)
        yield update | self._show_pair(held) | {self.tally: ""}

    def _speak(self, text: str, seed: int | None, voice: str, temperature: float, speed: float) -> Take:
        tts = self.shelf.get(voice)
        take = prepare(tts, voice, text, MAX_CHARACTERS, seed=seed, temperature=temperature, speed=speed)
        for _ in take.speak(tts):
            pass
        return take

    def _show_pair(self, held: Round) -> Update:
        """The two that now stand as A and B."""
        n_votes = len(held.ballot.votes)
        note = f"Which do you prefer? {n_votes} vote{'' if n_votes == 1 else 's'} so far."
        update: Update = {self.progress: show_note(note)}
        update |= {side: gr.update(value=held.sounds[index]) for side, index in zip(self.sides, held.ballot.pair, strict=True)}
        update |= {button: gr.update(interactive=True) for button in self.choices}
        return update | {self.reveal: gr.update(interactive=n_votes > 0)}

    def vote(self, held: Round | None, choice: str) -> Update:
        """Count a vote and show the next pair."""
        if held is None:
            return {self.progress: show_note("This comparison has ended: press Compare again.", "problem")}
        held.ballot.vote(choice)
        return self._show_pair(held) | {self.round: held, self.tally: ""}

    def show_tally(self, held: Round | None) -> str:
        """Name the variants and how they fared."""
        return show_table(("variant", "preferred", "not preferred", "no difference"), held.ballot.tally() if held else [])

    def draw(self, held: Round | None, first: int | None, second: int | None) -> np.ndarray | None:
        """Draw the difference of two variants."""
        if held is None or first is None or second is None:
            return None
        config = self.shelf.get(held.takes[first].voice).voice.config.vocoder
        takes, labels = held.takes, held.labels
        frame_rate = config.sample_rate / config.hop_length
        return pictures.draw_difference(takes[first], takes[second], [labels[first], labels[second]], frame_rate)


def _kin_first(names: list[str]) -> list[str]:
    """Names of voices, those that begin as the first does before the others: its twins are what one wants to hear beside it."""
    return sorted(names, key=lambda name: not name.startswith(names[0]))


def _labels(takes: list[Take]) -> list[str]:
    """What tells the variants apart, numbered, since two may be set alike."""
    settings = [
        {"voice": take.voice, "temperature": f"{take.sampling.temperature:g}", "speed": f"{take.sampling.speed:g}"}
        for take in takes
    ]
    telling = [name for name in settings[0] if len({setting[name] for setting in settings}) > 1]
    return [
        f"{number}: {', '.join(f'{name} {setting[name]}' for name in telling) or 'the same'}"
        for number, setting in enumerate(settings, 1)
    ]

"""What the tabs share: the controls of how a text is spoken, and the queues in which the work waits."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts.demo.shelf import Shelf
from tts.errors import InputError
from tts.inference.steering import Steering
from tts.text.manner import DIRECTIONS, MAX_DOSE, MAX_SIGMA

MAX_CHARACTERS = 5000  # that Speak takes; some five minutes of speech
MAX_SEED = 2**31
CHARACTERS_PER_SECOND = 15.5  # of speech at speed 1, roughly
ENGINE: dict[str, Any] = {"concurrency_id": "engine", "concurrency_limit": 2}  # all that speaks, but for books
BOOKS: dict[str, Any] = {"concurrency_id": "books", "concurrency_limit": 1}  # a book must not keep others waiting
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 1}
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}  # what needs no engine


@dataclass(frozen=True)
class Controls:
    """How a text is spoken; `read_controls` takes the values of `inputs`."""

    voice: gr.Dropdown
    speed: gr.Slider
    temperature: gr.Slider
    seed: gr.Textbox
    pause: gr.Slider
    sigma: gr.Slider
    doses: list[gr.Slider]

    @property
    def inputs(self) -> list[gr.components.Component]:
        """The components, in order."""
        return [self.voice, self.speed, self.temperature, self.seed, self.pause, self.sigma, *self.doses]


def add_controls(shelf: Shelf, tab: str) -> Controls:
    """Draw the controls; their ids on the page begin with the tab."""
    voice = add_voice(shelf)
    with gr.Row():
        speed = gr.Slider(0.5, 2, 1, step=0.05, label="Speed", info="2 is twice as fast", elem_id=f"{tab}-speed", min_width=120)
        temperature = add_temperature(shelf, voice, tab)
    with gr.Row(equal_height=True):
        seed = add_seed(tab)
        dice = gr.Button("⚄ Roll", size="sm", min_width=80, scale=0, elem_id=f"{tab}-dice")
    pause = gr.Slider(0, 2, 0.15, step=0.05, label="Pause between sentences", info="seconds; twice that between paragraphs")
    dice.click(lambda: str(secrets.randbelow(MAX_SEED)), None, seed, **QUIET)
    with gr.Accordion("Steering", open=False, elem_id=f"{tab}-steering"):
        sigma = gr.Slider(
            0, MAX_SIGMA, 1, step=0.1, label="Expressiveness", elem_id=f"{tab}-sigma",
            info="factor of the density's deviation; a temperature of 0 leaves nothing to widen",
        )  # fmt: skip
        doses = add_doses(shelf, voice, tab)
    return Controls(voice, speed, temperature, seed, pause, sigma, doses)


def read_controls(
    voice: str, speed: float, temperature: float, seed: str, pause: float, sigma: float, *doses: float
) -> tuple[str, dict[str, Any]]:
    """The name of the voice, and the settings of SamplingConfig.

    Raises:
        InputError: the seed is no number.
    """
    steer = {name: dose for name, dose in zip(DIRECTIONS, doses, strict=True) if dose}
    settings = {"speed": speed, "temperature": temperature, "seed": read_seed(seed), "pause": pause}
    return voice, settings | {"sigma": sigma, "steer": steer}


def add_doses(shelf: Shelf, voice: gr.Dropdown, tab: str) -> list[gr.Slider]:
    """Draw a slider for each direction of steering; they rest while the voice has no directions."""
    steering = shelf.get(shelf.names[0]).steering
    with gr.Row():
        sliders = [
            gr.Slider(
                -MAX_DOSE,
                MAX_DOSE,
                0,
                step=0.1,
                label=name.capitalize(),
                min_width=130,
                elem_id=f"{tab}-{name}",
                info=_unit(steering, name),
                interactive=steering is not None,
            )
            for name in DIRECTIONS
        ]

    def follow(name: str) -> list[Any]:
        steering = shelf.get(name).steering
        rest: dict[str, Any] = {} if steering else {"value": 0}
        return [gr.update(interactive=steering is not None, info=_unit(steering, part), **rest) for part in DIRECTIONS]

    voice.input(follow, voice, sliders, **QUIET)
    return sliders


def _unit(steering: Steering | None, name: str) -> str:
    return f"in units of {steering.description[name]}" if steering else "this voice has no directions"


def add_seed(tab: str, value: str = "", label: str = "Seed") -> gr.Textbox:
    """Draw the choice of a seed; no gr.Number, which shows 0 for none."""
    return gr.Textbox(
        value, label=label, placeholder="another each time", max_length=19, max_lines=1, min_width=100, elem_id=f"{tab}-seed"
    )


def read_seed(written: str) -> int | None:
    """The seed that was written, None for none.

    Raises:
        InputError: no whole number.
    """
    if not written.strip():
        return None
    if not written.strip().isdecimal():
        raise InputError(f"seed {written!r}: write a whole number, or nothing to draw one")
    return int(written)


def add_voice(shelf: Shelf, names: list[str] | None = None, **options: Any) -> gr.Dropdown:
    """Draw the choice of a voice, of all on the shelf or of some."""
    names = names or shelf.names
    return gr.Dropdown(names, value=names[0], label="Voice", **options)


def add_temperature(shelf: Shelf, voice: gr.Dropdown, tab: str) -> gr.Slider:
    """Draw the choice of a temperature, which follows the voice's own."""
    slider = gr.Slider(
        0, 1, own_temperature(shelf, shelf.names[0]), step=0.05, label="Temperature",
        info="0: always the same", elem_id=f"{tab}-temperature", min_width=120,
    )  # fmt: skip
    voice.input(lambda name: own_temperature(shelf, name), voice, slider, **QUIET)
    return slider


def add_picture(name: str) -> gr.Image:
    """Draw the place of a picture."""
    return gr.Image(
        label=name, show_label=False, format="png", buttons=["download", "fullscreen"], interactive=False, container=False,
        elem_id=f"picture-{name.lower()}", elem_classes="picture",
    )  # fmt: skip


def own_temperature(shelf: Shelf, name: str) -> float:
    """The temperature that a voice speaks with unless told otherwise."""
    return shelf.get(name).voice.config.temperature


@contextmanager
def friendly() -> Iterator[None]:
    """Turn the user's mistake into Gradio's message; for endpoints without a line to show it."""
    try:
        yield
    except InputError as error:
        raise gr.Error(str(error), title="Not spoken", print_exception=False) from None

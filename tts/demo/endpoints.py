"""What programs may call, by Gradio's API and (with the extra [mcp]) as tools of a language model.

The first lines of the docstrings and the "Args" are shown to both.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from tts.demo.controls import ENGINE, MAX_CHARACTERS, friendly
from tts.demo.shelf import Shelf
from tts.demo.take import prepare
from tts.inference.subtitles import word_row


def add_endpoints(shelf: Shelf) -> None:
    """Add the endpoints to the current Blocks; nothing of them is seen on the page."""

    def speak(
        text: str,
        voice: str = shelf.names[0],
        speed: float = 1.0,
        temperature: float | None = None,
        seed: int | None = None,
        pause: float = 0.15,
        sigma: float = 1.0,
        steer: dict[str, float] | None = None,
    ) -> tuple[tuple[int, np.ndarray], dict[str, Any]]:
        """Speak an English text; gives an audio file and the times of its words.

        Args:
            text: what to say; [pause:0.5], [word](/ipa/) and [some words]{pitch=1.5} are understood.
            voice: name of a voice, see the endpoint "voices".
            speed: 0.25 to 4; 2 is twice as fast.
            temperature: liveliness, 0 to 2; empty for the voice's own.
            seed: gives the same audio again; empty draws one.
            pause: seconds of silence between sentences, 0 to 10.
            sigma: expressiveness, a factor of the density's deviation, 0 to 3.
            steer: doses of pitch, energy, brightness, rate, -3 to 3, such as {"pitch": 1.5}.
        """
        with friendly():
            tts = shelf.get(voice)
            settings: dict[str, Any] = {"speed": speed, "temperature": temperature, "seed": seed, "pause": pause}
            settings |= {"sigma": sigma, "steer": steer}
            take = prepare(tts, voice, text, MAX_CHARACTERS, **settings)
            for _ in take.speak(tts):
                pass
        words = [word_row(word) for line in take.lines for word in line.words]
        details = {"seconds": round(take.seconds, 3), "seed": take.sampling.seed, "words": words, "unknown": take.unknown}
        return take.pcm, details

    def phonemes(text: str) -> dict[str, Any]:
        """Tell what would be said of a text: its words after normalisation, its phonemes, and what is not spoken.

        Args:
            text: any English text.
        """
        with friendly():
            if len(text) > MAX_CHARACTERS:
                raise gr.Error(f"{len(text):,} characters are too many: {MAX_CHARACTERS:,} at most", print_exception=False)
            return shelf.get(shelf.names[0]).front_end.describe(text)

    def voices() -> list[dict[str, str]]:
        """List the voices: name, language, licence, one line about each."""
        configs = [(name, shelf.get(name).voice.config) for name in shelf.names]
        return [
            {"name": name, "language": config.language, "license": config.license, "summary": config.summary}
            for name, config in configs
        ]

    with gr.Row(visible=False):
        text = gr.Textbox(label="text")
        inputs = [
            text,
            gr.Textbox(shelf.names[0], label="voice"),
            gr.Number(1.0, label="speed"),
            gr.Number(None, label="temperature"),
            gr.Number(None, label="seed", precision=0),
            gr.Number(0.15, label="pause"),
            gr.Number(1.0, label="sigma"),
            gr.JSON(None, label="steer"),
        ]
        audio, details = gr.Audio(label="audio", interactive=False), gr.JSON(label="details")
        gr.Button().click(speak, inputs, [audio, details], api_name="speak", **ENGINE)
        gr.Button().click(phonemes, text, gr.JSON(label="reading"), api_name="phonemes", **ENGINE)
        gr.Button().click(voices, None, gr.JSON(label="voices"), api_name="voices", queue=False)

"""The tiny voice on a shelf, and takes of it. Nothing here opens a browser; see tests/browser."""

import pytest

pytest.importorskip("gradio", reason="needs the extra [demo]")

from demo_texts import TEXT

from tts.demo.shelf import Shelf
from tts.demo.take import prepare


@pytest.fixture(scope="session")
def shelf(tiny_voice, shared_g2p):
    return Shelf({"tiny": tiny_voice})


@pytest.fixture(scope="session")
def tts(shelf):
    return shelf.get("tiny")


@pytest.fixture(scope="session")
def speak(tts):
    """Speak a text into a take."""

    def call(text=TEXT, **settings):
        take = prepare(tts, "tiny", text, 5000, **{"seed": 1, **settings})
        for _ in take.speak(tts):
            pass
        return take

    return call

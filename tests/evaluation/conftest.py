"""A voice of random weights, small enough to speak a line in milliseconds, and listeners that need no model."""

import numpy as np
import pytest

from tts.evaluation.metrics import count_characters, count_words
from tts.evaluation.score import LineResult, Listeners


class PerfectTranscriber:
    """Hears every line as written: it is told the lines in the order in which they will come."""

    name = "perfect"

    def __init__(self, lines):
        self.lines = iter(lines)

    def transcribe(self, audio):
        assert audio.dtype == np.float32
        return next(self.lines)


class ConstantQuality:
    name = "constant"

    def score(self, audio):
        return 4.0


@pytest.fixture
def listeners():
    """Make listeners that hear the given lines and compare in lower case without full stops."""

    def make(heard):
        return Listeners(PerfectTranscriber(heard), ConstantQuality(), lambda text: text.lower().replace(".", "").strip())

    return make


@pytest.fixture
def line():
    """Make the result of a line."""

    def make(index, text, heard, seed=1, seconds=2.0, mos=4.0, error=None):
        counts = {"words": count_words(text, heard), "characters": count_characters(text, heard)}
        return LineResult(
            index=index, seed=seed, file=f"{index:04d}.wav", text=text, heard=heard, seconds=seconds,
            compute_seconds=0.1, mos=mos, error=error, **counts,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def tts(tiny_voice):
    from tts.inference.engine import TTS

    return TTS.load(tiny_voice)

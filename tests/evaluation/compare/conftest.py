"""The toy study, and a judge that needs no model."""

import sys
from pathlib import Path

import pytest

for room in (".", "../../data", "../../training"):
    sys.path.insert(0, str(Path(__file__).parent / room))

from toy_study import make_features, write_study  # noqa: E402

from tts.evaluation.compare.judge import Judge  # noqa: E402


class LengthQuality:
    name = "length"

    def score(self, audio):
        return 1 + len(audio) / 16_000


class Deaf:
    """Hears the same words whatever is said."""

    name = "deaf"

    def transcribe(self, audio):
        return "one one"


@pytest.fixture(scope="session")
def toy_features(tmp_path_factory) -> Path:
    return make_features(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def judge() -> Judge:
    return Judge(Deaf(), LengthQuality(), lambda text: text.lower().strip(".").strip())


@pytest.fixture
def study_file(tmp_path, toy_features, tiny_voice) -> Path:
    """The toy study as a TOML file."""
    return write_study(tmp_path, toy_features, tiny_voice)

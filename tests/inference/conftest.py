"""The tiny voice on both backends."""

import pytest

from tts import TTS


@pytest.fixture(scope="session")
def onnx_tts(tiny_voice, shared_g2p):
    return TTS.load(tiny_voice)


@pytest.fixture(scope="session")
def torch_tts(tiny_voice, shared_g2p):
    return TTS.load(tiny_voice, backend="torch")


@pytest.fixture(scope="session")
def hearing_tts(hearing_voice):
    return TTS.load(hearing_voice)

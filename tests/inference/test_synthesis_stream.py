"""The streaming synthesis without torch against the whole one in torch."""

import numpy as np
import pytest
import torch

from tts.codec.config import VocoderConfig
from tts.codec.source_filter import synthesize
from tts.codec.synthesis import SpectrumFrames, SynthesisStream
from tts.codec.vocoder import SourceFilter

CONFIG = VocoderConfig()
N_FRAMES = 23


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(5)
    f0 = 180 + 60 * np.sin(np.arange(N_FRAMES) / 3)
    maps = [rng.normal(-3, 1, (N_FRAMES, CONFIG.n_bins)) for _ in range(5)]
    return SpectrumFrames(*(array.astype(np.float32) for array in (f0, *maps)))


@pytest.fixture(scope="module")
def whole(frames):
    """What the reference makes with the noise that the stream draws."""
    noise = np.random.default_rng(9).standard_normal((N_FRAMES, CONFIG.n_bins, 2), dtype=np.float32) * np.float32(0.5**0.5)
    parameters = SourceFilter(*(torch.from_numpy(array)[None] for array in frames.arrays()))
    return synthesize(parameters, CONFIG, torch.from_numpy(noise)[None])[0].numpy()


@pytest.mark.parametrize("sizes", [[N_FRAMES], [1] * N_FRAMES, [5, 1, 16, 1], [2, 21], [22, 1], [3, 3, 3, 3, 3, 3, 3, 2]])
def test_the_stream_equals_the_whole(frames, whole, sizes):
    stream = SynthesisStream(CONFIG, np.random.default_rng(9))
    parts, start = [], 0
    for size in sizes:
        parts.append(stream.push(frames[start : start + size]))
        start += size
    audio = np.concatenate((*parts, stream.finish()))
    assert audio.dtype == np.float32 and len(audio) == len(whole) == N_FRAMES * CONFIG.hop_length
    np.testing.assert_allclose(audio, whole, atol=2e-4)

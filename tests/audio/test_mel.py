"""The mel against librosa's, and the laws of its frames."""

import math

import librosa
import numpy as np
import pytest
import torch

from tts.audio.mel import LogMel, MelConfig
from tts.errors import InputError


def noise(n_samples: int, seed: int = 0) -> torch.Tensor:
    return 0.3 * torch.randn(1, n_samples, generator=torch.Generator().manual_seed(seed))


def test_mel_is_that_of_librosa():
    waveform = noise(9_000)
    settings = {"sr": 24_000, "n_fft": 1024, "hop_length": 256, "n_mels": 100, "power": 1.0, "htk": True, "norm": None}
    magnitude = librosa.feature.melspectrogram(y=waveform[0].numpy(), pad_mode="reflect", **settings)
    expected = np.log(np.maximum(magnitude, 1e-5)).T
    mel = LogMel()(waveform)[0]
    torch.testing.assert_close(mel, torch.from_numpy(expected)[: len(mel)], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_samples", [513, 768, 1024, 1025, 5000])
def test_a_mel_has_a_frame_for_every_hop_begun(n_samples):
    assert LogMel()(noise(n_samples)).shape == (1, math.ceil(n_samples / 256), 100)


def test_a_shift_by_a_hop_shifts_a_frame():
    waveform = noise(8_192)
    mel, shifted = LogMel()(waveform), LogMel()(waveform[:, 256:])
    torch.testing.assert_close(shifted[:, 2:-2], mel[:, 3:-2], rtol=1e-4, atol=1e-4)


def test_a_frame_is_centred_on_its_hop():
    click = torch.zeros(1, 8_192)
    click[0, 10 * 256] = 1.0
    assert int(LogMel()(click)[0].sum(-1).argmax()) == 10


def test_silence_lies_on_the_floor():
    mel = LogMel(MelConfig(floor=1e-3))(torch.zeros(1, 4_096))
    torch.testing.assert_close(mel, torch.full_like(mel, math.log(1e-3)))


def test_a_batch_gives_what_its_rows_give():
    waveforms = torch.cat((noise(4_096, 1), noise(4_096, 2)))
    transform = LogMel()
    torch.testing.assert_close(transform(waveforms)[1:], transform(waveforms[1:]), rtol=1e-5, atol=1e-5)


def test_less_than_half_a_window_is_refused():
    with pytest.raises(InputError, match="512 samples of audio are too few"):
        LogMel()(noise(512))


def test_frame_rate():
    assert MelConfig().frame_rate == 93.75

"""What needs no torch hears what torch hears."""

import numpy as np
import pytest
import torch
from torchaudio.functional import melscale_fbanks

from tts.audio.listening import log_mel
from tts.audio.mel import LogMel, MelConfig
from tts.audio.mel_config import mel_filters
from tts.audio.resample import resample
from tts.errors import InputError


def noise(n_samples: int) -> np.ndarray:
    return (0.3 * np.random.default_rng(0).standard_normal(n_samples)).astype(np.float32)


@pytest.mark.parametrize("n_samples", [513, 1024, 1025, 30_000])
@pytest.mark.parametrize("config", [MelConfig(), MelConfig(n_fft=256, hop_length=64, n_mels=20)])
def test_the_mel_is_that_of_torch(n_samples, config):
    waveform = noise(n_samples)
    waveform[n_samples // 2 :] *= 1e-6
    expected = LogMel(config)(torch.from_numpy(waveform)[None])[0].numpy()
    np.testing.assert_allclose(log_mel(waveform, config), expected, atol=2e-3)


def test_the_filters_are_those_of_torchaudio():
    expected = melscale_fbanks(513, 0.0, 12_000.0, 100, 24_000).numpy()
    np.testing.assert_allclose(mel_filters(MelConfig()), expected, atol=2e-5)


def test_a_long_recording_is_cut_without_a_seam():
    waveform = noise(256 * 2100)
    whole = log_mel(waveform, MelConfig())
    np.testing.assert_allclose(whole[2000:], log_mel(waveform[256 * 1900 :], MelConfig())[100:], atol=1e-4)


def test_too_short_a_recording_is_refused():
    with pytest.raises(InputError, match="too few"):
        log_mel(noise(512), MelConfig())


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_is_the_same_tone_at_another_rate(rate):
    def tone(at: int) -> np.ndarray:
        seconds = np.arange(at // 2) / at
        return (np.sin(2 * np.pi * 1234 * seconds) * np.hanning(len(seconds))).astype(np.float32)

    resampled = resample(tone(rate), rate, 24_000)
    assert abs(len(resampled) - 12_000) <= 1 and resampled.dtype == np.float32
    np.testing.assert_allclose(resampled[:11_999], tone(24_000)[:11_999], atol=2e-3)

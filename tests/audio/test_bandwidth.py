"""How wide a recording's band is, whatever its level and however it came to 24 kHz."""

import numpy as np
import pytest
import torch

from tts.audio.bandwidth import is_narrow, measure_bandwidth
from tts.audio.mel import LogMel, MelConfig
from tts.audio.resample import resample

CONFIG = MelConfig()


def mel_of(waveform: np.ndarray) -> np.ndarray:
    return LogMel(CONFIG)(torch.from_numpy(waveform)[None])[0].numpy()


def vowels_and_a_hiss(gain: float = 1.0) -> np.ndarray:
    """A second of a tone with overtones up to 4 kHz, a tenth of it a hiss 20 dB softer, silence behind."""
    time = np.arange(24_000) / 24_000
    tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 27))
    hiss = np.random.default_rng(0).normal(size=2_400) * 0.1
    sound = np.concatenate((tone, hiss, np.zeros(6_000)))
    return (gain * 0.4 * sound).astype(np.float32)


@pytest.mark.parametrize("gain", [1.0, 0.01])
def test_a_hiss_in_a_few_frames_makes_a_recording_wide_at_any_level(gain):
    assert measure_bandwidth(mel_of(vowels_and_a_hiss(gain)), CONFIG) > 11_000
    assert not is_narrow(mel_of(vowels_and_a_hiss(gain)), CONFIG)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050])
def test_what_was_recorded_at_a_lower_rate_ends_where_that_rate_does(rate):
    mel = mel_of(resample(resample(vowels_and_a_hiss(), 24_000, rate), rate, 24_000))
    assert measure_bandwidth(mel, CONFIG) == pytest.approx(rate / 2, rel=0.1)
    assert is_narrow(mel, CONFIG) == (rate <= 16_000)


def test_soft_noise_does_not_hide_that_a_recording_is_narrow():
    narrow = resample(resample(vowels_and_a_hiss(), 24_000, 16_000), 16_000, 24_000)
    noise = np.random.default_rng(1).normal(size=len(narrow)).astype(np.float32)
    assert is_narrow(mel_of(narrow + 10 ** (-70 / 20) * noise), CONFIG)
    assert not is_narrow(mel_of(narrow + 10 ** (-40 / 20) * noise), CONFIG)

"""A recording as a voice hears it, in numpy alone: resampled, and as mel frames.

The mel is that of mel.py (a test holds the two together); this one needs no torch. Letters: N samples, T frames, F mel bands.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np

from tts.audio.mel_config import MelConfig
from tts.errors import InputError

BLOCK_FRAMES = 2048  # transformed at once


def resample(waveform: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Resample (N,) float32 by cutting or lengthening its spectrum: what lies below both Nyquist frequencies stays as it is."""
    if rate == sample_rate:
        return waveform
    common = gcd(rate, sample_rate)
    down, up = rate // common, sample_rate // common
    n_blocks = ceil(len(waveform) / down) + 64  # some silence, so that the end does not reach round to the beginning
    step = 1 << max(0, n_blocks.bit_length() - 4)
    n_blocks = ceil(n_blocks / step) * step  # small prime factors, for the transform's sake
    spectrum = np.fft.rfft(waveform, n_blocks * down)
    shorter = spectrum[: n_blocks * min(down, up) // 2]
    resampled: np.ndarray = np.fft.irfft(shorter, n_blocks * up) * (up / down)
    return resampled[: round(len(waveform) * up / down)].astype(np.float32)


def log_mel(waveform: np.ndarray, config: MelConfig) -> np.ndarray:
    """Mel frames (T, F), natural-log magnitude, of (N,) samples at config.sample_rate; see mel.LogMel.

    Raises:
        InputError: the audio is shorter than half a window.
    """
    half = config.n_fft // 2
    if len(waveform) <= half:
        raise InputError(f"{len(waveform)} samples of audio are too few: a mel needs more than {half}")
    padded = np.pad(waveform, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop_length]
    windows = windows[: ceil(len(waveform) / config.hop_length)]
    parts = [_log_mel(windows[start : start + BLOCK_FRAMES], config) for start in range(0, len(windows), BLOCK_FRAMES)]
    return np.concatenate(parts)


def _log_mel(windows: np.ndarray, config: MelConfig) -> np.ndarray:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.n_fft) / config.n_fft)
    magnitude = np.abs(np.fft.rfft(windows * window, axis=1)) @ mel_filters(config)
    frames: np.ndarray = np.log(np.maximum(magnitude, config.floor)).astype(np.float32)
    return frames


@lru_cache(maxsize=4)
def mel_filters(config: MelConfig) -> np.ndarray:
    """Triangles (n_fft / 2 + 1, F), even on the scale of HTK's mel, each with its top at 1."""
    borders = mel_borders(config)
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)[:, None]
    rising = (bins - borders[:-2]) / np.diff(borders)[:-1]
    falling = (borders[2:] - bins) / np.diff(borders)[1:]
    return np.maximum(0, np.minimum(rising, falling))


def mel_borders(config: MelConfig) -> np.ndarray:
    """Where the triangles begin, have their tops and end, Hz (F + 2,): triangle f runs from f over f + 1 to f + 2."""
    top = 2595 * np.log10(1 + config.sample_rate / 2 / 700)
    borders: np.ndarray = 700 * (10 ** (np.linspace(0, top, config.n_mels + 2) / 2595) - 1)
    return borders

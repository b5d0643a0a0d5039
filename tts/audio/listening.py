"""Mel frames by numpy alone: what mel.py computes by torch, with the same settings and filters (a test holds the two together).

Letters: N samples, T frames, F mel bands.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from tts.audio.mel_config import MelConfig, mel_filters
from tts.errors import InputError

BLOCK_FRAMES = 2048  # transformed at once


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

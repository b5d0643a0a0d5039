"""F0: a tracker for recordings, and the form in which training reads it. Letters: N samples, T frames."""

from __future__ import annotations

import librosa
import numpy as np

F0_MIN_HZ, F0_MAX_HZ = 60.0, 500.0


def track_f0(waveform: np.ndarray, sample_rate: int, hop_length: int) -> np.ndarray:
    """Track F0 by probabilistic YIN (librosa.pyin).

    Args:
        waveform: (N,) mono samples.
        sample_rate: Hz.
        hop_length: samples between frames.

    Returns:
        (T,) float32 Hz, T = ceil(N / hop_length), 0 where unvoiced.
    """
    f0, voiced, _ = librosa.pyin(
        waveform, fmin=F0_MIN_HZ, fmax=F0_MAX_HZ, sr=sample_rate, hop_length=hop_length, frame_length=1024, resolution=0.2
    )
    n_frames = -(-len(waveform) // hop_length)
    return np.where(voiced, np.nan_to_num(f0), 0)[:n_frames].astype(np.float32)


def fill_unvoiced(f0: np.ndarray) -> np.ndarray:
    """Interpolate F0 through unvoiced frames, on a log scale; the filled values are negative.

    Args:
        f0: (T,) Hz, 0 where unvoiced.

    Returns:
        (T,) float32; all frames are -100 when none is voiced.
    """
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        return np.full(len(f0), -100.0, np.float32)
    filled = np.exp(np.interp(np.arange(len(f0)), voiced, np.log(f0[voiced])))
    return np.where(f0 > 0, filled, -filled).astype(np.float32)

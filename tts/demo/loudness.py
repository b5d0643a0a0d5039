"""Audio brought to one loudness, so that ears compare voices and not volumes. Letter: N samples.

Loudness is that of ITU-R BS.1770-4 (integrated, gated), by pyloudnorm. All are set to one target; where that would clip any of
them, all are lowered together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyloudnorm

TARGET_LUFS = -23.0  # EBU R 128
PEAK = 10 ** (-1 / 20)  # -1 dB
BLOCK_SECONDS = 0.4  # that the measure needs; shorter audio is followed by silence, which its gate leaves out


def measure(audio: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of audio (N,), LUFS; -inf for silence."""
    missing = max(0, round(2 * BLOCK_SECONDS * sample_rate) - len(audio))
    padded = np.concatenate((audio, np.zeros(missing, audio.dtype)))
    return float(pyloudnorm.Meter(sample_rate).integrated_loudness(padded.astype(np.float64)))


def match(recordings: Sequence[np.ndarray], sample_rate: int) -> tuple[list[np.ndarray], list[float]]:
    """Bring recordings to one loudness.

    Args:
        recordings: (N,) float32 in [-1, 1] each.
        sample_rate: Hz.

    Returns:
        The recordings at the same loudness, and the gain of each in dB.
    """
    loudness = np.array([measure(audio, sample_rate) for audio in recordings])
    gains = np.where(np.isfinite(loudness), TARGET_LUFS - np.where(np.isfinite(loudness), loudness, 0), 0)
    peaks = [np.abs(audio).max(initial=0) * 10 ** (gain / 20) for audio, gain in zip(recordings, gains, strict=True)]
    gains = gains + 20 * np.log10(min(1.0, PEAK / max(1e-9, *peaks)))
    matched = [(audio * 10 ** (gain / 20)).astype(np.float32) for audio, gain in zip(recordings, gains, strict=True)]
    return matched, [float(gain) for gain in gains]

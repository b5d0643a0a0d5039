"""How different the same sentence is with another seed, its durations being equal.

A Gaussian at temperature 0, or a regression, says a sentence always alike. Letters: T frames, F mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tts.audio.silence import is_silent

F0_MIN_HZ, F0_MAX_HZ = 80.0, 400.0
MAX_F0_STEP = 0.08  # of log F0 from frame to frame; more is a mistake of the tracker
SEMITONES = 12 / np.log(2)


@dataclass(frozen=True)
class Diversity:
    """Differences between readings of one sentence.

    Attributes:
        mel_distance: mean absolute difference of natural-log mel over all pairs of readings, silence left out.
        f0_spread: standard deviation over the readings, in semitones, mean of the frames in which all are voiced; None when there
            are too few of them.
    """

    mel_distance: float
    f0_spread: float | None


def measure_diversity(mels: Sequence[np.ndarray], f0s: Sequence[np.ndarray]) -> Diversity | None:
    """Compare readings.

    Args:
        mels: (T, F) natural-log mel frames of each reading.
        f0s: (T,) F0 of each, Hz, 0 where it is unknown.

    Returns:
        None for fewer than two readings, or when they are not of equal length.
    """
    if len(mels) < 2 or len({len(mel) for mel in mels}) > 1:
        return None
    speech = ~np.all([is_silent(mel) for mel in mels], axis=0)
    distances = [np.abs(one - two)[speech].mean() for one, two in combinations(mels, 2)]
    voiced = np.all([f0 > 0 for f0 in f0s], axis=0)
    spread = None
    if voiced.sum() >= 10:
        spread = float(SEMITONES * np.log([f0[voiced] for f0 in f0s]).std(axis=0, ddof=1).mean())
    return Diversity(float(np.mean(distances)), spread)


def track_f0_fast(audio: np.ndarray, sample_rate: int, hop_length: int, n_frames: int) -> np.ndarray:
    """F0 (n_frames,) of (N,) samples by YIN, Hz; 0 where the audio is silent or neighbouring frames disagree."""
    import librosa

    f0 = librosa.yin(audio, fmin=F0_MIN_HZ, fmax=F0_MAX_HZ, sr=sample_rate, hop_length=hop_length, frame_length=1024)[:n_frames]
    f0 = np.pad(f0, (0, n_frames - len(f0)))
    steps = np.abs(np.diff(np.log(np.maximum(f0, 1)), prepend=0, append=0))
    is_steady = (steps[:-1] < MAX_F0_STEP) & (steps[1:] < MAX_F0_STEP)
    inside = (f0 > 1.02 * F0_MIN_HZ) & (f0 < 0.98 * F0_MAX_HZ)
    return np.where(is_steady & inside, f0, 0.0)

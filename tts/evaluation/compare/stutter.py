"""Stutter: speech that stands still or says a thing twice.

Two signs. In the frames: a stretch in which every frame is nearly the one some frames before it (the same frame again, or the
same patch again and again), outside silence. In the words: what a recogniser hears twice in a row though it was written once.
Letters: T frames, F mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tts.audio.silence import is_silent

REPEAT_DISTANCE = (
    0.15  # mean difference of the bands, natural log; of neighbouring frames of recordings fewer than 1 in 1,000 are as near
)
MIN_RUN_SECONDS = 0.06
MAX_LAG = 8  # frames; the longest patch that is compared


@dataclass(frozen=True)
class Stutter:
    """Repeated stretches of one utterance.

    Attributes:
        n_runs: stretches of at least MIN_RUN_SECONDS.
        seconds: that they last together.
        speech_seconds: of the utterance, silence left out.
    """

    n_runs: int
    seconds: float
    speech_seconds: float


def find_stutter(mel: np.ndarray, frame_rate: float) -> Stutter:
    """Find repeated stretches in (T, F) natural-log mel frames at frame_rate, Hz."""
    speech = ~is_silent(mel)
    shortest = int(np.ceil(MIN_RUN_SECONDS * frame_rate - 1e-9))
    repeated = np.zeros(len(mel), bool)
    for lag in range(1, min(MAX_LAG, len(mel) - 1) + 1):
        is_same = np.abs(mel[lag:] - mel[:-lag]).mean(axis=1) < REPEAT_DISTANCE
        is_same &= speech[lag:] & speech[:-lag]
        for start, end in find_runs(np.concatenate((np.zeros(lag, bool), is_same))):
            if end - start >= shortest:
                repeated[start:end] = True
    return Stutter(len(find_runs(repeated)), float(repeated.sum() / frame_rate), float(speech.sum() / frame_rate))


def find_runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every stretch of true values of bool (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def count_word_repeats(reference: str, heard: str) -> int:
    """Words heard twice in a row, less those that were written so; 0 at least."""
    return max(0, _n_doubles(heard) - _n_doubles(reference))


def _n_doubles(text: str) -> int:
    words = text.split()
    return sum(one == two for one, two in pairwise(words))

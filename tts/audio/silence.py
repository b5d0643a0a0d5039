"""Where speech begins and ends in a recording. Letters: T frames, F mel bands."""

from __future__ import annotations

import math

import numpy as np

SILENCE_DB = 50.0  # a frame this far below the loudest is silent
KEPT_BEFORE, KEPT_AFTER = 6, 10  # frames of silence that stay at the ends


def is_silent(mel: np.ndarray) -> np.ndarray:
    """Bool (T,): which frames of (T, F) natural-log mel are SILENCE_DB below the loudest."""
    level = np.log(np.exp(mel).mean(axis=1))
    silent: np.ndarray = level <= level.max() - SILENCE_DB * math.log(10) / 20
    return silent


def find_speech(mel: np.ndarray) -> slice:
    """Frames from the first to the last that is not silent, with a margin.

    Args:
        mel: (T, F) natural-log magnitude.

    Returns:
        A slice of frames; all of them when the recording has no silence at its ends.
    """
    loud = np.flatnonzero(~is_silent(mel))
    return slice(max(0, int(loud[0]) - KEPT_BEFORE), min(len(mel), int(loud[-1]) + 1 + KEPT_AFTER))

"""Durations of tokens: from log durations to whole frames, and from these to frames.

The second half says which token every frame belongs to, and where within the token it lies. Letters: S tokens, T frames.
"""

from __future__ import annotations

import numpy as np

N_PLACE = 4
MAX_TOKEN_FRAMES = 120  # what one token can last at speed 1: a bound on the length of any utterance


def round_durations(log_durations: np.ndarray, speed: float = 1.0) -> np.ndarray:
    """Whole frames of each token; what rounding cuts off one token goes to the next.

    Args:
        log_durations: (S,) natural log of frames.
        speed: 2 halves the durations.

    Returns:
        int64 (S,), each at least 1 and at most MAX_TOKEN_FRAMES / speed.
    """
    exact = np.minimum(np.exp(log_durations.astype(np.float64)), MAX_TOKEN_FRAMES) / speed
    ends = np.round(np.cumsum(exact))
    durations: np.ndarray = np.maximum(np.diff(ends, prepend=0), 1).astype(np.int64)
    return durations


def expand_durations(durations: np.ndarray, patch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Repeat tokens by their durations; the last token is prolonged to fill the last patch.

    Args:
        durations: (S,) frames per token, each at least 1.
        patch_size: frames per patch.

    Returns:
        int64 (T,) token of each frame, T a multiple of patch_size; float32 (T, N_PLACE): the fraction of the token that has
        gone by, and the logarithms of frames gone by, frames to come, and the token's length.
    """
    durations = durations.astype(np.int64).copy()
    durations[-1] += -durations.sum() % patch_size
    token_index = np.repeat(np.arange(len(durations)), durations)
    length = durations[token_index].astype(np.float32)
    gone = (np.arange(len(token_index)) - np.repeat(np.cumsum(durations) - durations, durations)).astype(np.float32)
    place = np.stack(((gone + 0.5) / length, np.log1p(gone) / 3, np.log1p(length - 1 - gone) / 3, np.log(length) / 3), axis=1)
    return token_index, place.astype(np.float32)

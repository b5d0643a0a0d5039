"""Alignment without torch: what the aligner is told beforehand, the best monotonic path, and where its pauses end.

Shared by training and by what listens to recordings on a bare install. Letters: T frames, S tokens.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tts.audio.silence import is_silent
from tts.text.symbols import DEFAULT_SYMBOLS

MIN_NEIGHBOUR = 4  # frames
SOUNDING_PENALTY = 30.0  # nats per frame: begin, end and punctuation lie on silence; less, and "Who." is all end
SILENCE_IDS = DEFAULT_SYMBOLS.silence_ids


def diagonal_prior(n_frames: int, n_tokens: int) -> np.ndarray:
    """Natural-log prior (T, S) of token s at frame t (arXiv 2108.10447, section 3.3).

    Beta-binomial in s, of S - 1 trials with a = t and b = T + 1 - t for t = 1..T; all its Gamma functions are factorials.
    """
    gamma = np.cumsum(np.log(np.maximum(np.arange(n_frames + n_tokens + 1), 1)))  # gamma[n] = log n! = log Gamma(n + 1)
    a = np.arange(1, n_frames + 1)[:, None]
    b, s, n = n_frames + 1 - a, np.arange(n_tokens)[None], n_tokens - 1
    choices = gamma[n] - gamma[s] - gamma[n - s]
    prior = choices + gamma[s + a - 1] + gamma[n - s + b - 1] - gamma[n + n_frames]
    prior -= gamma[a - 1] + gamma[b - 1] - gamma[n_frames]
    return prior.astype(np.float32)


cached_prior = lru_cache(maxsize=4096)(diagonal_prior)


def alignment_prior(mel: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """What is known before the aligner looks, natural log (T, S): the diagonal, and that pauses are silent.

    Args:
        mel: (T, F) natural-log mel.
        ids: (S,) ids of the tokens.
    """
    on_sound = ~is_silent(mel)[:, None] & is_pause(ids)[None]
    prior: np.ndarray = cached_prior(len(mel), len(ids)) - SOUNDING_PENALTY * on_sound.astype(np.float32)
    return prior


def is_pause(ids: np.ndarray) -> np.ndarray:
    """Bool (S,): which tokens lie on silence: begin, end and punctuation."""
    return np.isin(ids, SILENCE_IDS)


def best_path(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Best monotonic path through an utterance, by dynamic programming over frames.

    Args:
        scores: (T, S) of an aligner, T no less than S.

    Returns:
        int64 (S,) frames per token, each at least 1, summing to T; and the path's score at each frame (T,), nats, by which the
        tokens share one probability.
    """
    n_frames, n_tokens = scores.shape
    assert n_frames >= n_tokens, f"{n_tokens} tokens do not fit into {n_frames} frames"
    shares = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    has_moved = np.zeros((n_frames, n_tokens), bool)  # whether the best path to a token came from the one before
    best = np.full(n_tokens + 1, -np.inf, np.float64)  # of the paths that end in token s - 1
    best[1] = shares[0, 0]
    for frame in range(1, n_frames):
        has_moved[frame] = best[:-1] > best[1:]
        best[1:] = np.maximum(best[:-1], best[1:]) + shares[frame]
        best[0] = -np.inf
    tokens = np.zeros(n_frames, np.int64)
    token = n_tokens - 1
    for frame in range(n_frames - 1, -1, -1):
        tokens[frame] = token
        token -= int(has_moved[frame, token])
    return np.bincount(tokens, minlength=n_tokens), shares[np.arange(n_frames), tokens]


def give_silence_to_pauses(durations: np.ndarray, is_pause: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Move the borders of pause tokens over the silent frames beside them.

    To an aligner the closure of a stop looks like silence.

    Args:
        durations: int64 (S,) frames per token.
        is_pause: bool (S,) which tokens are punctuation.
        silent: bool (T,) which frames are silent.

    Returns:
        int64 (S,) with the same sum; neighbours keep MIN_NEIGHBOUR frames, or what they had if that is less.
    """
    ends = np.cumsum(durations)
    for token in np.flatnonzero(is_pause):
        begin = ends[token - 1] if token else 0
        lowest = min(begin, (ends[token - 2] if token > 1 else 0) + MIN_NEIGHBOUR)
        while begin > lowest and silent[begin - 1]:
            begin -= 1
        if token:
            ends[token - 1] = begin
        if token + 1 < len(durations):
            end, highest = ends[token], max(ends[token], ends[token + 1] - MIN_NEIGHBOUR)
            while end < highest and silent[end]:
                end += 1
            ends[token] = end
    return np.diff(ends, prepend=0)

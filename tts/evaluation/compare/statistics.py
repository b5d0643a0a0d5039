"""What is known about a figure: bootstrap intervals, paired differences, rank correlation. Pure functions of numbers.

The unit that is drawn is the sentence: readings of one sentence with several seeds are summed before they come here. Two arms
that spoke the same sentences are compared sentence by sentence (the same draw for both), so that what makes a sentence hard for
both does not count as noise. Letters: n sentences (or checkpoints).
"""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict

N_DRAWS = 2000
LEVEL = 0.95
SEED = 0


class Estimate(BaseModel):
    """A figure and its 95 % bootstrap interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves zero out, so that the sign is known."""
        return self.low > 0 or self.high < 0

    def scaled(self, factor: float) -> Estimate:
        """The same in another unit; factor above 0."""
        return Estimate(value=factor * self.value, low=factor * self.low, high=factor * self.high)


def estimate_ratio(amounts: np.ndarray, sizes: np.ndarray) -> Estimate:
    """Interval of sum(amounts) / sum(sizes); with sizes of 1 that of a mean.

    Args:
        amounts: (n,) such as the errors of each sentence.
        sizes: (n,) such as its words.
    """
    drawn = _draws(len(amounts))
    return _estimate(_ratio(amounts, sizes), _ratio(amounts[drawn], sizes[drawn]))


def estimate_difference(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> Estimate:
    """Interval of the difference of two ratios, first minus second, over the same sentences.

    Args:
        first: amounts (n,) and sizes (n,) of an arm.
        second: those of the arm it is compared with, the same sentences in the same order.
    """
    assert len(first[0]) == len(second[0]), "a paired difference needs the same sentences"
    drawn = _draws(len(first[0]))
    value = _ratio(*first) - _ratio(*second)
    return _estimate(value, _ratio(first[0][drawn], first[1][drawn]) - _ratio(second[0][drawn], second[1][drawn]))


def estimate_mean(values: np.ndarray) -> Estimate:
    """Interval of a mean of (n,) values."""
    return estimate_ratio(values, np.ones(len(values)))


def estimate_median(values: np.ndarray) -> Estimate:
    """Interval of a median of (n,) values."""
    return _estimate(float(np.median(values)), np.median(values[_draws(len(values))], axis=-1))


def estimate_spearman(first: np.ndarray, second: np.ndarray) -> Estimate | None:
    """Spearman's rank correlation of (n,) pairs; None for fewer than four pairs, or when one side never changes."""
    if len(first) < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    drawn = _draws(len(first))
    rhos = [compute_spearman(first[row], second[row]) for row in drawn if np.ptp(first[row]) and np.ptp(second[row])]
    return _estimate(compute_spearman(first, second), np.array(rhos))


def compute_spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of (n,) pairs, neither side constant."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def _draws(n: int) -> np.ndarray:
    """(N_DRAWS, n) places, with replacement; always the same, so that two figures of the same sentences share them."""
    assert n > 0, "an interval needs values"
    return np.random.default_rng(SEED).integers(n, size=(N_DRAWS, n))


def _ratio(amounts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = amounts.sum(axis=-1) / np.maximum(sizes.sum(axis=-1), 1e-12)
    return ratio


def _estimate(value: float | np.ndarray, drawn: np.ndarray) -> Estimate:
    """Percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13)."""
    low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    assert math.isfinite(low) and math.isfinite(high), "an interval of numbers that are not finite"
    return Estimate(value=float(value), low=float(low), high=float(high))

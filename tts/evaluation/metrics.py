"""Error counts and what is known about their mean: pure functions of text and numbers.

Errors are counted by jiwer's alignment of two texts that were normalised in the same way; rates over several lines are the sum of
the errors over the sum of the lengths, never a mean of rates.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict

EMPTY = "<empty>"  # stands for a reference without words, so that whatever is heard counts as an error


class EditCounts(BaseModel):
    """Errors of one line or of many, in words or in characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    length: int = 0  # of the reference

    @property
    def errors(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per word (or character) of the reference; above 1 when much was inserted."""
        return self.per_length(self.errors)

    def per_length(self, count: int) -> float:
        """A count over the length of the reference, which is taken as 1 when it is empty."""
        return count / max(1, self.length)


def count_words(reference: str, heard: str) -> EditCounts:
    """Count word errors of two normalised texts."""
    import jiwer

    words = jiwer.process_words(reference or EMPTY, heard)
    return EditCounts(
        substitutions=words.substitutions, deletions=words.deletions, insertions=words.insertions, length=len(reference.split())
    )


def count_characters(reference: str, heard: str) -> EditCounts:
    """Count character errors of two normalised texts; spaces are characters."""
    import jiwer

    if not reference:
        return EditCounts(insertions=len(heard))
    characters = jiwer.process_characters(reference, heard)
    return EditCounts(
        substitutions=characters.substitutions,
        deletions=characters.deletions,
        insertions=characters.insertions,
        length=len(reference),
    )


def add_counts(counts: Iterable[EditCounts]) -> EditCounts:
    """Sum of counts."""
    rows = list(counts)
    return EditCounts(
        substitutions=sum(row.substitutions for row in rows),
        deletions=sum(row.deletions for row in rows),
        insertions=sum(row.insertions for row in rows),
        length=sum(row.length for row in rows),
    )


def bootstrap_interval(
    errors: np.ndarray, lengths: np.ndarray, rng: np.random.Generator, n_draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of sum(errors) / sum(lengths).

    Lines are drawn with replacement. Several readings of one line are not independent: sum them first. With lengths of 1 this is
    the interval of a plain mean.

    Args:
        errors: (n,) errors of each line.
        lengths: (n,) words of each line.
        rng: draws the lines.
        n_draws: resampled test sets.
        level: probability that the interval shall cover.

    Returns:
        Lower and upper end; both the rate itself when there is one line.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    assert len(errors) == len(lengths) > 0, "an interval needs lines"
    drawn = rng.integers(len(errors), size=(n_draws, len(errors)))
    rates = errors[drawn].sum(axis=1) / np.maximum(lengths[drawn].sum(axis=1), 1)
    low, high = np.quantile(rates, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)

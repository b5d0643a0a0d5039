"""A blind test: pairs of variants in random order, votes, and a tally that names them only when it is asked to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

CHOICES = ("A", "B", "same")


@dataclass(frozen=True)
class Vote:
    """One answer: the variants that stood as A and B, and what was chosen of CHOICES."""

    pair: tuple[str, str]
    choice: str


@dataclass
class Ballot:
    """Votes on variants with unique labels, at least two; every pair comes once, then all come again in another order.

    Attributes:
        labels: of the variants.
        rng: of the order.
        votes: so far.
    """

    labels: Sequence[str]
    rng: random.Random
    votes: list[Vote] = field(default_factory=list)
    _waiting: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert len(set(self.labels)) == len(self.labels) >= 2, "a vote needs different variants"
        self._shuffle()

    @property
    def pair(self) -> tuple[int, int]:
        """The variants that now stand as A and B."""
        return self._waiting[0]

    def vote(self, choice: str) -> None:
        """Answer for the current pair and go on to the next."""
        assert choice in CHOICES, choice
        a, b = self._waiting.pop(0)
        self.votes.append(Vote((self.labels[a], self.labels[b]), choice))
        if not self._waiting:
            self._shuffle()

    def _shuffle(self) -> None:
        pairs = [self.rng.sample(pair, 2) for pair in combinations(range(len(self.labels)), 2)]
        self.rng.shuffle(pairs)
        self._waiting = [(a, b) for a, b in pairs]

    def tally(self) -> list[tuple[str, int, int, int]]:
        """Label, votes won, lost, and without a preference of every variant, the most preferred first."""
        rows = []
        for label in self.labels:
            own = [vote for vote in self.votes if label in vote.pair]
            won = sum(vote.choice != "same" and vote.pair[CHOICES.index(vote.choice)] == label for vote in own)
            same = sum(vote.choice == "same" for vote in own)
            rows.append((label, won, len(own) - won - same, same))
        return sorted(rows, key=lambda row: row[2] - row[1])

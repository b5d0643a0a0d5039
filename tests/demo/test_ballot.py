"""The blind test."""

import random
from itertools import combinations

import pytest

from tts.demo.ballot import Ballot


@pytest.mark.parametrize("n_variants", [2, 3, 4])
def test_every_pair_comes_once_before_any_comes_again(n_variants):
    ballot = Ballot([f"v{index}" for index in range(n_variants)], random.Random(1))
    pairs = list(combinations(range(n_variants), 2))
    for _ in range(3):
        seen = []
        for _ in pairs:
            seen.append(tuple(sorted(ballot.pair)))
            ballot.vote("same")
        assert sorted(seen) == pairs


def test_either_variant_may_stand_first():
    firsts = {Ballot(["x", "y"], random.Random(seed)).pair[0] for seed in range(20)}
    assert firsts == {0, 1}


def test_votes_go_to_the_variant_that_stood_there():
    ballot = Ballot(["x", "y"], random.Random(3))
    for _ in range(10):
        ballot.vote("AB"[ballot.pair.index(1)])  # whoever prefers y
    ballot.vote("same")
    assert ballot.tally() == [("y", 10, 0, 1), ("x", 0, 10, 1)]


def test_the_tally_adds_up_to_the_votes():
    rng = random.Random(5)
    ballot = Ballot(["x", "y", "z"], rng)
    for _ in range(40):
        ballot.vote(rng.choice(["A", "B", "same"]))
    rows = ballot.tally()
    assert sum(won for _, won, _, _ in rows) == sum(lost for _, _, lost, _ in rows)
    assert sum(won + lost + same for _, won, lost, same in rows) == 2 * 40

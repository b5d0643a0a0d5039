import numpy as np
import pytest

from tts.evaluation.metrics import EditCounts, add_counts, bootstrap_interval, count_characters, count_words

CASES = [
    # reference, heard, substitutions, deletions, insertions, length
    ("the cat sat", "the cat sat", 0, 0, 0, 3),
    ("the cat sat", "the bat sat", 1, 0, 0, 3),
    ("the cat sat", "cat sat", 0, 1, 0, 3),
    ("the cat sat", "the cat sat down now", 0, 0, 2, 3),
    ("a b c d e f", "a x c e f g", 1, 1, 1, 6),
    ("the cat", "", 0, 2, 0, 2),
    ("", "", 0, 1, 0, 0),
    ("", "a word", 1, 0, 1, 0),
]


@pytest.mark.parametrize(("reference", "heard", "substitutions", "deletions", "insertions", "length"), CASES)
def test_word_errors_are_those_counted_by_hand(reference, heard, substitutions, deletions, insertions, length):
    counts = count_words(reference, heard)
    assert (counts.substitutions, counts.deletions, counts.insertions, counts.length) == (
        substitutions,
        deletions,
        insertions,
        length,
    )


def test_character_errors_are_those_counted_by_hand():
    assert count_characters("cat", "cart") == EditCounts(insertions=1, length=3)
    assert count_characters("a b", "ab") == EditCounts(deletions=1, length=3)
    assert count_characters("", "oh") == EditCounts(insertions=2, length=0)


def test_the_rate_of_several_lines_is_errors_over_words_not_a_mean_of_rates():
    counts = add_counts([count_words("one", "two"), count_words("a b c d e f g h i", "a b c d e f g h i")])
    assert counts.rate == pytest.approx(0.1)


def test_a_rate_can_exceed_one_and_an_empty_reference_divides_by_one():
    assert count_words("oh", "oh no no").rate == 2
    assert count_words("", "a b").rate == 2


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    rng, truth, covered = np.random.default_rng(0), 0.1, 0
    for _ in range(100):
        lengths = rng.integers(5, 15, size=100)
        errors = rng.binomial(lengths, truth)
        low, high = bootstrap_interval(errors, lengths, rng, n_draws=300)
        covered += low <= truth <= high
    assert 88 <= covered <= 100


def test_the_bootstrap_interval_is_a_point_when_all_lines_are_alike():
    low, high = bootstrap_interval(np.full(10, 2), np.full(10, 8), np.random.default_rng(0))
    assert low == high == 0.25


def test_more_lines_give_a_narrower_interval():
    def width(n_lines):
        errors = np.arange(n_lines) % 2
        low, high = bootstrap_interval(errors, np.ones(n_lines), np.random.default_rng(0))
        return high - low

    assert width(400) < 0.6 * width(100)

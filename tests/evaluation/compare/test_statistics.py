import numpy as np
import pytest
from scipy import stats

from tts.evaluation.compare.statistics import (
    estimate_difference,
    estimate_mean,
    estimate_median,
    estimate_ratio,
    estimate_spearman,
)


def test_an_interval_covers_the_true_mean_about_nineteen_times_in_twenty():
    rng = np.random.default_rng(1)
    n_covered = 0
    for _ in range(200):
        found = estimate_mean(rng.exponential(2.0, size=60))
        n_covered += found.low <= 2.0 <= found.high
    assert 0.88 <= n_covered / 200 <= 0.98  # a skewed distribution is covered a little too seldom


def test_an_interval_of_a_ratio_covers_the_true_rate():
    rng = np.random.default_rng(2)
    n_covered = 0
    for _ in range(200):
        words = rng.integers(5, 15, size=80)
        found = estimate_ratio(rng.binomial(words, 0.1).astype(float), words.astype(float))
        n_covered += found.low <= 0.1 <= found.high
    assert 0.9 <= n_covered / 200 <= 0.99


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(3).normal(size=50)
    found = estimate_mean(values)
    other = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(4))
    np.testing.assert_allclose((found.low, found.high), other.confidence_interval, atol=0.03)


def test_pairing_takes_out_what_makes_a_sentence_hard_for_both():
    rng = np.random.default_rng(5)
    hard, ones = rng.normal(size=60), np.ones(60)
    first, second = hard + 0.1 + 0.01 * rng.normal(size=60), hard + 0.01 * rng.normal(size=60)
    paired = estimate_difference((first, ones), (second, ones))
    assert paired.excludes_zero and paired.value == pytest.approx(0.1, abs=0.01)
    assert paired.high - paired.low < 0.05 * (estimate_mean(first).high - estimate_mean(first).low)


def test_two_equal_arms_cannot_be_told_apart():
    values = np.random.default_rng(6).normal(size=40)
    found = estimate_difference((values, np.ones(40)), (values, np.ones(40)))
    assert (found.value, found.low, found.high) == (0, 0, 0) and not found.excludes_zero


def test_a_difference_of_different_sentences_is_refused():
    with pytest.raises(AssertionError, match="same sentences"):
        estimate_difference((np.ones(3), np.ones(3)), (np.ones(4), np.ones(4)))


def test_spearman_of_a_rising_curve_is_one_and_of_too_few_pairs_is_none():
    x = np.linspace(0, 3, 12)
    found = estimate_spearman(x, np.exp(x))
    assert found is not None and found.value == pytest.approx(1) and found.low == pytest.approx(1)
    assert estimate_spearman(x[:3], x[:3]) is None
    assert estimate_spearman(x, np.ones(12)) is None


def test_the_median_lies_in_its_interval():
    found = estimate_median(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert found.low <= found.value == 3.0 <= found.high


def test_a_figure_of_one_sentence_has_no_width():
    found = estimate_ratio(np.array([1.0]), np.array([4.0]))
    assert (found.value, found.low, found.high) == (0.25, 0.25, 0.25)

"""Codebooks by k-means."""

import numpy as np
import pytest

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.training.codebooks import FitSettings, choose_rows, compute_error, fit_codebook


@pytest.mark.parametrize(("space", "n_frames"), [("frame", 1), ("patch", 2)])
def test_a_codebook_is_fitted_and_says_how(features, space, n_frames):
    made = fit_codebook(features, FitSettings(16, space, patch_size=2, seed=4))
    assert made.entries.shape == (16, n_frames * 20) and made.entries.dtype == np.float32
    assert np.isfinite(made.entries).all() and len(np.unique(made.entries.round(4), axis=0)) == 16
    facts = made.facts
    assert (facts.space, facts.size, facts.patch_size, facts.seed, facts.mel["hop_length"]) == (space, 16, n_frames, 4, 64)
    assert 0 < facts.error < 1, "less than taking the mean for everything"


def test_the_same_seed_gives_the_same_entries(features):
    first, again, other = (fit_codebook(features, FitSettings(8, patch_size=2, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.entries, again.entries)
    assert not np.array_equal(first.entries, other.entries)


def test_more_entries_are_nearer(features):
    errors = [fit_codebook(features, FitSettings(size, "frame")).facts.error for size in (4, 16, 64)]
    assert errors[0] > errors[1] > errors[2]


def test_the_error_is_the_root_mean_square_of_what_is_left():
    entries = np.array([[0.0, 0.0], [10.0, 10.0]], np.float32)
    rows = np.array([[3.0, 4.0], [10.0, 10.0]], np.float32)
    assert compute_error(rows, entries) == pytest.approx((25 / 4) ** 0.5)


def test_patches_begin_where_those_of_a_model_do(features):
    data = FeatureFolder(features, "train")
    rows = choose_rows(data, 3, 10**9, np.random.default_rng(0))
    assert len(rows) == sum(int(n) // 3 for n in data.n_frames)
    starts = {data[index].mel[3 * k : 3 * k + 3].astype(np.float32).tobytes() for index in range(len(data)) for k in range(3)}
    assert len(starts & {row.tobytes() for row in rows}) == len(starts)
    assert len(choose_rows(data, 3, 7, np.random.default_rng(0))) == 7


def test_too_few_rows_are_refused(features):
    with pytest.raises(InputError, match="too few for 100000 entries"):
        fit_codebook(features, FitSettings(100_000))

"""Signs of a collapse: right figures for densities that are known, and an alarm for each that is wrong."""

import math

import pytest
import torch

from tts.training.alarms import BANDS, compute_change, compute_effective_rank, compute_own_signs, compute_signs, find_alarms

SHAPE = (4, 400, 10)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def recorded(generator):
    return torch.randn(SHAPE, generator=generator)


@pytest.fixture
def mask():
    mask = torch.ones(SHAPE[:2], dtype=torch.bool)
    mask[0, 300:] = False
    return mask


def signs_of(recorded, mask, std, mean=0.0):
    return compute_signs(torch.full(SHAPE, mean), torch.full(SHAPE, std), recorded, mask, 0.05)


def test_a_calibrated_density_covers_what_theory_says(recorded, mask):
    signs = signs_of(recorded, mask, 1.0)
    assert signs["coverage_1"] == pytest.approx(0.683, abs=0.02)
    assert signs["coverage_2"] == pytest.approx(0.954, abs=0.01)
    assert signs["z2"] == pytest.approx(1, abs=0.05) and signs["floor_share"] == 0


def test_padding_does_not_count(recorded, mask):
    before = signs_of(recorded, mask, 1.0)
    recorded[0, 300:] = 1e6
    after = signs_of(recorded, mask, 1.0)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_one_wrong_band_shows_though_the_mean_hides_it(recorded, mask):
    recorded[..., 3] *= 4
    signs = signs_of(recorded, mask, 1.0)
    assert signs["z2_worst_band"] == pytest.approx(16, rel=0.1) and signs["z2"] < 3


@pytest.mark.parametrize("rank", [1, 3, 10])
def test_the_effective_rank_of_equal_directions_is_their_number(rank, generator):
    rows = torch.randn(2_000, rank, generator=generator) @ torch.eye(10)[:rank]
    assert compute_effective_rank(rows) == pytest.approx(rank, rel=0.02)


def test_speech_that_stands_still_has_no_flux(recorded, mask):
    still = recorded[:, :1].expand(SHAPE)
    assert compute_change(still, mask) == 0
    own = compute_own_signs(still, recorded, torch.tensor(0.8), mask)
    assert own["own_flux"] == 0 and own["own_error"] > 1
    same = compute_own_signs(recorded, recorded, torch.tensor(0.8), mask)
    assert same["own_flux"] == 1 and same["own_error"] == 0


@pytest.mark.parametrize(
    ("std", "mean", "named"),
    [
        (0.05, 0.0, {"floor_share", "coverage_1", "coverage_2", "z2"}),
        (50.0, 0.0, {"z2", "coverage_1"}),
        (1.0, 8.0, {"coverage_1", "z2"}),
    ],
)
def test_what_is_wrong_is_named_and_a_good_density_raises_no_alarm(recorded, mask, std, mean, named):
    figures = {name: float(value) for name, value in signs_of(recorded, mask, std, mean).items() if name != "mean_rank"}
    assert named <= {line.split()[0] for line in find_alarms(figures)}
    good = {name: float(value) for name, value in signs_of(recorded, mask, 1.0).items() if name != "mean_rank"}
    assert find_alarms(good) == []


def test_a_figure_that_is_not_finite_raises_an_alarm():
    assert len(find_alarms({"z2": math.nan})) == 1
    assert find_alarms({"loss": math.nan}) == [], "only what has a band"
    assert all(band.low < band.high for band in BANDS.values())

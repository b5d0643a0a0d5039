import math

import pytest
import torch

from tts.evaluation.compare.held_out import compute_crps
from tts.models.losses import score_draws


def test_crps_of_many_draws_is_that_of_the_normal_distribution():
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(4000, 3, generator=generator)
    observed = torch.tensor([0.0, 1.0, -2.0])
    cdf, density = torch.special.ndtr(observed), torch.exp(-observed.square() / 2) / math.sqrt(2 * math.pi)
    exact = observed * (2 * cdf - 1) + 2 * density - 1 / math.sqrt(math.pi)  # Gneiting and Raftery 2007, eq. 20 ff.
    torch.testing.assert_close(compute_crps(draws, observed), exact, atol=0.03, rtol=0)


def test_crps_by_sorting_is_that_of_all_pairs():
    draws, observed = torch.randn(5, 4, generator=torch.Generator().manual_seed(1)), torch.zeros(4)
    pairs = torch.stack([(draws[i] - draws[j]).abs() for i in range(5) for j in range(5) if i != j]).mean(0)
    torch.testing.assert_close(compute_crps(draws, observed), draws.abs().mean(0) - pairs / 2)


def test_in_one_dimension_the_energy_score_is_the_crps():
    draws, observed = torch.randn(6, 7, generator=torch.Generator().manual_seed(2)), torch.ones(7)
    torch.testing.assert_close(score_draws(draws[..., None], observed[..., None]), compute_crps(draws, observed))


def test_scores_of_a_point_are_the_distance():
    draws, observed = torch.zeros(3, 2, 4), torch.ones(2, 4)
    torch.testing.assert_close(compute_crps(draws, observed), torch.ones(2, 4))
    torch.testing.assert_close(score_draws(draws, observed), torch.ones(2))


@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_the_true_spread_scores_best(spread):
    generator = torch.Generator().manual_seed(3)
    observed = torch.randn(20_000, generator=generator)
    true, other = (scale * torch.randn(8, 20_000, generator=generator) for scale in (1.0, spread))
    assert compute_crps(true, observed).mean() < compute_crps(other, observed).mean()

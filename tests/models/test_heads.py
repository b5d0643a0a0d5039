"""Densities against torch.distributions, their draws against their moments, and the start of the heads."""

import math

import pytest
import torch
from torch.distributions import LowRankMultivariateNormal, Normal

from tts.models.config import HeadConfig
from tts.models.heads import HEADS, MAX_LOG_STD, DiagonalGaussian, LowRankGaussian, compute_beta_nll

SHAPE = (2, 3, 5)  # B, T, F


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def diagonal() -> DiagonalGaussian:
    return DiagonalGaussian(draw(*SHAPE, seed=1), 0.5 * draw(*SHAPE, seed=2))


def low_rank() -> LowRankGaussian:
    return LowRankGaussian(draw(*SHAPE, seed=1), 0.5 * draw(*SHAPE, seed=2), draw(*SHAPE, 2, seed=3))


def test_the_diagonal_log_prob_is_that_of_torch():
    density, frames = diagonal(), draw(*SHAPE)
    expected = Normal(density.mean, density.log_std.exp()).log_prob(frames)
    torch.testing.assert_close(density.log_prob_per_channel(frames), expected)
    torch.testing.assert_close(density.log_prob(frames), expected.sum(-1))


def test_the_low_rank_log_prob_is_that_of_torch():
    density, frames = low_rank(), draw(*SHAPE)
    expected = LowRankMultivariateNormal(density.mean, density.factor, (2 * density.log_std).exp())
    torch.testing.assert_close(density.log_prob(frames), expected.log_prob(frames), rtol=1e-4, atol=1e-4)


def test_a_factor_of_zero_is_the_diagonal_density():
    plain, frames = diagonal(), draw(*SHAPE)
    density = LowRankGaussian(plain.mean, plain.log_std, torch.zeros(*SHAPE, 2))
    torch.testing.assert_close(density.log_prob(frames), plain.log_prob(frames))


@pytest.mark.parametrize("density", [diagonal(), low_rank()])
def test_temperature_zero_is_the_mean(density):
    assert torch.equal(density.sample(0.0), density.mean)


@pytest.mark.parametrize("density", [diagonal(), low_rank()])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_draws_have_the_mean_and_the_covariance_of_the_density(density, temperature):
    count = 20_000
    wide = type(density)(*(value.expand(count, *value.shape) for value in vars(density).values()))
    draws = wide.sample(temperature, torch.Generator().manual_seed(0))[:, 0, 0]
    covariance = torch.diag((2 * density.log_std[0, 0]).exp())
    if isinstance(density, LowRankGaussian):
        covariance = covariance + density.factor[0, 0] @ density.factor[0, 0].T
    torch.testing.assert_close(draws.mean(0), density.mean[0, 0], rtol=0, atol=0.08)
    torch.testing.assert_close(draws.T.cov(), temperature**2 * covariance, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("density", [diagonal(), low_rank()])
def test_the_same_generator_gives_the_same_draw(density):
    first, second, third = (density.sample(1.0, torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, second) and not torch.equal(first, third)


@pytest.mark.parametrize("kind", ["gaussian", "low_rank"])
def test_training_starts_flat_at_mean_zero_and_deviation_one(kind):
    head = HEADS[kind](HeadConfig(kind=kind, hidden=16), 8, 2, 5)
    density = head(draw(3, 4, 8))
    assert density.mean.shape == (3, 8, 5)
    assert not density.mean.any() and not density.log_std.any()


@pytest.mark.parametrize("kind", ["gaussian", "low_rank"])
def test_the_deviation_has_a_floor_and_a_ceiling(kind):
    head = HEADS[kind](HeadConfig(kind=kind, hidden=16, min_std=0.2), 8, 2, 5)
    for bias, expected in ((-50.0, math.log(0.2)), (50.0, MAX_LOG_STD)):
        head.out.bias.data.view(2, 5, -1)[..., 1] = bias
        log_std = head(draw(1, 3, 8)).log_std
        torch.testing.assert_close(log_std, torch.full_like(log_std, expected))


def test_the_frames_of_a_patch_are_in_order():
    head = HEADS["gaussian"](HeadConfig(hidden=16), 8, 2, 5)
    head.out.bias.data.view(2, 5, 2)[..., 0] = torch.arange(10.0).view(2, 5)
    torch.testing.assert_close(head(draw(1, 3, 8)).mean[0], torch.arange(10.0).view(2, 5).repeat(3, 1))


@pytest.mark.parametrize("density", [diagonal(), low_rank()])
def test_beta_zero_is_the_likelihood_per_channel(density):
    frames = draw(*SHAPE)
    torch.testing.assert_close(compute_beta_nll(density, frames, 0.0), -density.log_prob(frames) / SHAPE[-1])


def test_beta_one_has_the_gradient_of_the_squared_error():
    density, frames = diagonal(), draw(*SHAPE)
    density.mean.requires_grad_()
    compute_beta_nll(density, frames, 1.0).sum().backward()
    torch.testing.assert_close(density.mean.grad, (density.mean.detach() - frames) / SHAPE[-1])


def test_the_weight_of_beta_is_not_learned_from():
    density, frames = diagonal(), draw(*SHAPE)
    density.log_std.requires_grad_()
    compute_beta_nll(density, frames, 0.5).sum().backward()
    z = (frames - density.mean) / density.log_std.detach().exp()
    expected = density.log_std.detach().exp() * (1 - z.square()) / SHAPE[-1]
    torch.testing.assert_close(density.log_std.grad, expected, rtol=1e-4, atol=1e-5)

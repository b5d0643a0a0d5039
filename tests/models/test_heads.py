"""Laws of all heads: densities against torch.distributions, draws against their moments, the start, the gradient."""

import math

import pytest
import torch
from torch.distributions import (
    Categorical,
    Independent,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)
from toy_heads import CONTINUOUS, GAUSSIANS, KINDS, MIXTURES, N_MELS, PATCH_SIZE, density_of, draw, many, new_head
from toy_models import stir

from tts.models.heads import MAX_LOG_STD, DiagonalGaussian, LowRankGaussian

SHAPE = (2, 8, N_MELS)


def by_torch(density) -> torch.distributions.Distribution:
    """The same density of each frame, of a mixture of each patch."""
    if isinstance(density, DiagonalGaussian):
        return Independent(Normal(density.mean, density.log_std.exp()), 1)
    if isinstance(density, LowRankGaussian):
        return LowRankMultivariateNormal(density.mean, density.factor, (2 * density.log_std).exp())
    if hasattr(density, "scale"):
        return MultivariateNormal(density.mean, scale_tril=density.scale)
    if hasattr(density, "means"):
        means, log_stds = (x.unflatten(1, (-1, PATCH_SIZE)).transpose(2, 3).flatten(3) for x in (density.means, density.log_stds))
        components = Independent(Normal(means, log_stds.exp()), 1)
        return MixtureSameFamily(Categorical(logits=density.log_weights), components)
    return Independent(Normal(density.mean, 1.0), 1)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_the_log_prob_is_that_of_torch(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    expected = by_torch(density)
    log_prob = density.log_prob(frames)
    assert log_prob.shape == SHAPE[:2]
    if kind in MIXTURES:
        log_prob, frames = log_prob.view(2, 4, PATCH_SIZE).sum(-1), frames.view(2, 4, -1)
    torch.testing.assert_close(log_prob, expected.log_prob(frames), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_mean_and_deviation_are_those_of_torch(kind):
    density = density_of(kind)
    expected = by_torch(density)
    torch.testing.assert_close(density.mean, expected.mean.reshape(SHAPE), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(density.std, expected.variance.sqrt().reshape(SHAPE), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_the_determinant_is_that_of_the_covariance(kind):
    density = density_of(kind)
    density = type(density)(*(value.double() for value in vars(density).values()))  # the covariance is near singular
    covariance = getattr(by_torch(density), "covariance_matrix", torch.diag_embed(density.std.square()))
    torch.testing.assert_close(density.log_det, torch.logdet(covariance), rtol=1e-4, atol=1e-4)


def test_a_factor_of_zero_is_the_diagonal_density():
    plain, frames = density_of("gaussian"), draw(*SHAPE)
    density = LowRankGaussian(plain.mean, plain.log_std, torch.zeros(*SHAPE, 2))
    torch.testing.assert_close(density.log_prob(frames), plain.log_prob(frames))


@pytest.mark.parametrize("kind", [*GAUSSIANS, "regression"])
def test_temperature_zero_is_the_mean(kind):
    density = density_of(kind)
    assert torch.equal(density.sample(0.0), density.mean)


@pytest.mark.parametrize("kind", GAUSSIANS)
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_draws_have_the_mean_and_the_covariance_of_the_density(kind, temperature):
    density = many(kind, 20_000)
    draws = density.sample(temperature, torch.Generator().manual_seed(0))[:, 0]
    expected = by_torch(many(kind, 1))
    covariance = getattr(expected, "covariance_matrix", torch.diag_embed(expected.variance))[0, 0]
    torch.testing.assert_close(draws.mean(0), density.mean[0, 0], rtol=0, atol=0.08)
    torch.testing.assert_close(draws.T.cov(), temperature**2 * covariance, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("kind", [*MIXTURES, "codes"])
def test_draws_have_the_mean_and_the_deviation_that_are_told(kind):
    density = many(kind, 20_000)
    draws = density.sample(1.0, torch.Generator().manual_seed(0))
    told = many(kind, 200) if kind == "codes" else density  # codes measure them by a few draws of every row
    torch.testing.assert_close(draws.mean(0), told.mean.mean(0), rtol=0, atol=0.1)
    torch.testing.assert_close(draws.std(0), told.std.square().mean(0).sqrt(), rtol=0.05, atol=0.1)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "regression"])
def test_the_same_generator_gives_the_same_draw(kind):
    density = density_of(kind)
    first, second, third = (density.sample(1.0, torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    assert first.shape == SHAPE and torch.equal(first, second) and not torch.equal(first, third)


def test_regression_always_draws_its_mean():
    density = density_of("regression")
    assert torch.equal(density.sample(1.0, torch.Generator().manual_seed(1)), density.mean)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_training_starts_flat_at_mean_zero_and_deviation_one(kind):
    density = new_head(kind)(draw(3, 4, 8))
    near = 0.15 if kind in ("mixture", "experts", "low_rank") else 0.0
    assert density.mean.shape == (3, 8, N_MELS)
    torch.testing.assert_close(density.mean, torch.zeros(3, 8, N_MELS), rtol=0, atol=near)
    torch.testing.assert_close(density.std, torch.ones(3, 8, N_MELS), rtol=0, atol=near / 5)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_the_deviation_has_a_floor_and_a_ceiling(kind):
    head = new_head(kind, min_std=0.2)
    for bias, expected in ((-50.0, 0.2), (50.0, math.exp(MAX_LOG_STD))):
        head.out.bias.data.view(PATCH_SIZE, N_MELS, -1)[..., 1] = bias
        density = head(draw(1, 3, 8))
        std = density.scale.diagonal(dim1=-2, dim2=-1) if kind == "full" else density.log_std.exp()
        torch.testing.assert_close(std, torch.full_like(std, expected))


@pytest.mark.parametrize("kind", [*GAUSSIANS, "regression"])
def test_the_frames_of_a_patch_are_in_order(kind):
    head = new_head(kind)
    head.out.bias.data.view(PATCH_SIZE, N_MELS, -1)[..., 0] = torch.arange(10.0).view(2, 5)
    torch.testing.assert_close(head(draw(1, 3, 8)).mean[0], torch.arange(10.0).view(2, 5).repeat(3, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_likelihood_reaches_every_parameter_but_the_quantizers(kind):
    head = stir(new_head(kind))
    head(draw(2, 4, 8)).log_prob(draw(*SHAPE)).sum().backward()
    silent = [name for name, p in head.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == (["quantizer.books"] if kind == "codes" else [])


@pytest.mark.parametrize("kind", KINDS)
def test_densities_are_computed_in_float32_under_bfloat16(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    with torch.autocast("cpu", torch.bfloat16):
        log_prob, sample = density.log_prob(frames), density.sample(1.0, torch.Generator().manual_seed(1))
        made = stir(new_head(kind))(draw(2, 4, 8))
    assert all(value.dtype == torch.float32 for value in vars(made).values() if isinstance(value, torch.Tensor))
    close = {"rtol": 0.02, "atol": 0.02} if kind == "codes" else {"rtol": 1e-6, "atol": 1e-6}  # levels are network
    torch.testing.assert_close(log_prob, density.log_prob(frames), **close)
    torch.testing.assert_close(sample, density.sample(1.0, torch.Generator().manual_seed(1)), rtol=1e-6, atol=1e-6)

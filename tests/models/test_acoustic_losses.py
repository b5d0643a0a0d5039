"""Losses of the heads against their formulas, their gradients, and which head can do which."""

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence
from toy_heads import CONTINUOUS, GAUSSIANS, KINDS, MIXTURES, density_of, draw

from tts.errors import InputError
from tts.models.heads import DiagonalGaussian, FullGaussian, LowRankGaussian, Mixture
from tts.models.losses import (
    check_loss,
    compute_balance,
    compute_beta_nll,
    compute_energy_score,
    compute_flux,
    compute_kl,
    compute_loss,
    compute_mean_distance,
    compute_nll,
    measure_usage,
)

SHAPE = (2, 8, 5)


def diagonal() -> DiagonalGaussian:
    return DiagonalGaussian(draw(*SHAPE, seed=1), 0.5 * draw(*SHAPE, seed=2))


def covariance_of(density) -> torch.Tensor:
    if isinstance(density, FullGaussian):
        return density.scale @ density.scale.mT
    diagonal_part = torch.diag_embed((2 * density.log_std).exp())
    return diagonal_part + density.factor @ density.factor.mT if isinstance(density, LowRankGaussian) else diagonal_part


@pytest.mark.parametrize("kind", KINDS)
def test_the_nll_is_per_channel_or_per_code(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    terms = 3 / 2 if kind == "codes" else 5
    torch.testing.assert_close(compute_nll(density, frames), -density.log_prob(frames) / terms)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_beta_zero_is_the_likelihood_per_channel(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    actual, expected = compute_beta_nll(density, frames, 0.0), -density.log_prob(frames) / 5
    if kind in MIXTURES:  # the patch as a whole
        actual, expected = actual.view(2, 4, 2).sum(-1), expected.view(2, 4, 2).sum(-1)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_beta_zero_has_the_gradient_of_the_likelihood_of_a_mixture():
    frames, gradients = draw(*SHAPE), []
    for loss in (lambda density: compute_beta_nll(density, frames, 0.0), lambda density: compute_nll(density, frames)):
        density = density_of("mixture")
        leaves = [value.requires_grad_() for value in vars(density).values()]
        gradients.append(torch.autograd.grad(loss(density).sum(), leaves))
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-5)


def test_a_mixture_of_one_has_the_beta_nll_of_the_gaussian():
    plain, frames = diagonal(), draw(*SHAPE)
    mixture = Mixture(torch.zeros(2, 4, 1), plain.mean[:, :, None], plain.log_std[:, :, None])
    torch.testing.assert_close(compute_beta_nll(mixture, frames, 0.5), compute_beta_nll(plain, frames, 0.5))
    torch.testing.assert_close(compute_mean_distance(mixture, frames), compute_mean_distance(plain, frames))


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


@pytest.mark.parametrize("kind", ["low_rank", "full"])
def test_the_weight_of_beta_is_the_whole_variance(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    variance = covariance_of(density).diagonal(dim1=-2, dim2=-1)
    expected = variance.sqrt().mean(-1) * -density.log_prob(frames) / 5
    torch.testing.assert_close(compute_beta_nll(density, frames, 0.5), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", MIXTURES)
def test_the_distance_is_to_the_component_that_made_the_patch(kind):
    density = density_of(kind)
    frames = density.means[:, :, 1] + 0.01
    density.log_stds = torch.full_like(density.log_stds, -3.0)
    distance = compute_mean_distance(density, frames)
    torch.testing.assert_close(distance, torch.full((2, 8), 0.01), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_the_kl_is_that_of_torch(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    density = type(density)(*(value.double() for value in vars(density).values()))
    unit = MultivariateNormal(frames.double(), torch.eye(5, dtype=torch.float64))
    expected = kl_divergence(MultivariateNormal(density.mean, covariance_of(density)), unit) / 5
    torch.testing.assert_close(compute_kl(density, frames.double()), expected, rtol=1e-4, atol=1e-4)


def test_the_flux_is_the_change_from_the_frame_before():
    density, frames = diagonal(), draw(*SHAPE)
    flux = compute_flux(density, frames)
    assert not flux[:, 0].any()
    torch.testing.assert_close(flux[:, 3], -(density.mean[:, 3] - frames[:, 2]).abs().mean(-1))


def test_the_energy_score_of_one_channel_is_that_of_the_normal_distribution():
    mean, std, value = 0.3, 1.7, 1.1
    wide = DiagonalGaussian(torch.full((1, 200_000, 1), mean), torch.full((1, 200_000, 1), std).log())
    score = compute_energy_score(wide, torch.full((1, 200_000, 1), value), torch.Generator().manual_seed(0)).mean()
    z, unit = torch.tensor((value - mean) / std), torch.distributions.Normal(0.0, 1.0)
    expected = std * (z * (2 * unit.cdf(z) - 1) + 2 * unit.log_prob(z).exp() - torch.pi**-0.5)  # the CRPS in closed form
    torch.testing.assert_close(score, expected, rtol=0, atol=0.01)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_the_energy_score_is_least_for_the_true_deviation_and_has_a_gradient(kind):
    truth = density_of(kind, 500)
    frames = truth.sample(1.0, torch.Generator().manual_seed(1))

    def score(width: float) -> torch.Tensor:
        tried = type(truth)(truth.mean, *(value + width if name == "log_std" else value * (1 + width) for name, value in spread))
        return compute_energy_score(tried, frames, torch.Generator().manual_seed(2)).mean()

    spread = [(name, value) for name, value in vars(truth).items() if name != "mean"]
    assert score(0.0) < min(score(-0.9), score(2.0))
    for value in vars(truth).values():
        value.requires_grad_()
    score(0.0).backward()
    assert all(value.grad.any() for value in vars(truth).values())


def test_balance_is_one_when_all_are_used_alike_and_k_when_one_is():
    mask = torch.tensor([[True] * 4 + [False]])
    even = torch.eye(4).repeat(1, 1)[None]
    usage = torch.cat((0.6 * even + 0.1, torch.tensor([[[1.0, 0, 0, 0]]])), dim=1)
    zeros = torch.zeros(1, 10, 4, 3)
    torch.testing.assert_close(compute_balance(Mixture(usage.log(), zeros, zeros), mask), torch.tensor(1.0))
    one = torch.tensor([1.0, 1e-9, 1e-9, 1e-9]).expand(1, 5, 4)
    torch.testing.assert_close(compute_balance(Mixture(one.log(), zeros, zeros), mask), torch.tensor(4.0))


def test_usage_tells_how_many_components_are_in_use():
    mask = torch.tensor([[True] * 4 + [False]])
    usage = torch.cat((torch.eye(4)[None], torch.tensor([[[1.0, 0, 0, 0]]])), dim=1)
    rows = measure_usage(Mixture((usage + 1e-12).log(), torch.zeros(1, 10, 4, 3), torch.zeros(1, 10, 4, 3)), mask)
    torch.testing.assert_close(rows["component_entropy"].exp(), torch.tensor(4.0))
    torch.testing.assert_close(rows["choice_entropy"], torch.tensor(0.0))
    assert [rows[f"usage_{k}"].item() for k in range(4)] == pytest.approx([0.25] * 4)
    assert measure_usage(diagonal(), mask) == {}
    assert 1 < measure_usage(density_of("codes"), torch.ones(2, 4))["code_perplexity"] < 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_that_is_not_refused_can_be_computed(kind):
    density, frames = density_of(kind), draw(*SHAPE)
    for loss in ("nll", "beta_nll", "mse", "energy"):
        try:
            check_loss(kind, loss, {})
        except InputError:
            continue
        value = compute_loss(loss, density, frames, 0.5, torch.Generator().manual_seed(0))
        assert value.shape == SHAPE[:2] and value.isfinite().all()


@pytest.mark.parametrize(
    ("kind", "loss", "weights", "told"),
    [
        ("codes", "beta_nll", {}, "task.loss = 'beta_nll': not for head.kind = 'codes'; take nll"),
        ("mixture", "energy", {}, "'energy': not for head.kind = 'mixture'; take nll or beta_nll"),
        ("experts", "mse", {}, "'mse': not for head.kind = 'experts'"),
        ("codes", "nll", {"mean_weight": 1.0}, "task.mean_weight = 1.0: not for head.kind = 'codes'; set it to 0"),
        ("mixture", "nll", {"kl_weight": 0.1}, "task.kl_weight = 0.1"),
        ("gaussian", "nll", {"balance_weight": 0.1}, "task.balance_weight = 0.1"),
        ("regression", "mse", {"kl_weight": 0.1}, "task.kl_weight = 0.1"),
    ],
)
def test_a_loss_that_the_head_cannot_do_is_refused(kind, loss, weights, told):
    with pytest.raises(InputError) as error:
        check_loss(kind, loss, weights)
    assert told in str(error.value)

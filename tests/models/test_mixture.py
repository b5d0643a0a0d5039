"""Mixtures: one choice for a patch, the chain rule within it, temperature, components that differ."""

import pytest
import torch
from toy_heads import MIXTURES, PATCH_SIZE, density_of, draw, new_head

from tts.models.heads import DiagonalGaussian, Mixture


def test_a_frame_gets_its_density_given_the_frames_before_it():
    density, frames = density_of("mixture", 1, 1), draw(1, 2, 5)
    means, stds = density.means[0], density.log_stds[0].exp()  # (r, K, F)
    under = torch.distributions.Normal(means, stds).log_prob(frames[0, :, None]).sum(-1).exp()  # (r, K)
    weights = density.log_weights[0, 0].exp()
    first = (weights * under[0]).sum()
    second = (weights * under[0] / first * under[1]).sum()  # weights after the first frame was heard
    torch.testing.assert_close(density.log_prob(frames)[0], torch.stack((first, second)).log())


def test_one_component_is_the_gaussian():
    plain, frames = density_of("gaussian"), draw(2, 8, 5)
    density = Mixture(torch.zeros(2, 4, 1), plain.mean[:, :, None], plain.log_std[:, :, None])
    for name in ("mean", "std"):
        torch.testing.assert_close(getattr(density, name), getattr(plain, name))
    torch.testing.assert_close(density.log_prob(frames), plain.log_prob(frames), rtol=1e-4, atol=1e-5)
    drawn = [d.sample(0.0) for d in (density, plain)]
    assert torch.equal(*drawn)


def far_apart(n_patches: int) -> Mixture:
    """Three components at -10, 0 and 10."""
    means = torch.tensor([-10.0, 0.0, 10.0])[:, None].expand(1, 2 * n_patches, 3, 5)
    log_weights = torch.tensor([0.2, 0.5, 0.3]).log().expand(1, n_patches, 3)
    return Mixture(log_weights, means, torch.zeros(1, 2 * n_patches, 3, 5))


def test_a_patch_is_drawn_from_one_component_and_each_as_often_as_it_weighs():
    draws = far_apart(5_000).sample(1.0, torch.Generator().manual_seed(0)).view(5_000, -1)
    chosen = (draws / 10).round()
    assert (chosen == chosen[:, :1]).all()
    share = torch.stack([(chosen[:, 0] == place).float().mean() for place in (-1, 0, 1)])
    torch.testing.assert_close(share, torch.tensor([0.2, 0.5, 0.3]), rtol=0, atol=0.03)


def test_temperature_sharpens_the_choice_and_the_deviation():
    draws = far_apart(5_000).sample(0.5, torch.Generator().manual_seed(0)).view(5_000, -1)
    chosen = (draws / 10).round()
    expected = torch.tensor([0.2, 0.5, 0.3]).square() / (0.2**2 + 0.5**2 + 0.3**2)
    share = torch.stack([(chosen[:, 0] == place).float().mean() for place in (-1, 0, 1)])
    torch.testing.assert_close(share, expected, rtol=0, atol=0.03)
    assert (draws - 10 * chosen).std() == pytest.approx(0.5, abs=0.01)


def test_temperature_zero_is_the_mean_of_the_likeliest_component():
    assert not far_apart(3).sample(0.0).any()
    density = density_of("experts")
    likeliest = density.log_weights.argmax(-1).repeat_interleave(PATCH_SIZE, 1)
    expected = torch.stack([density.means[b, t, likeliest[b, t]] for b in range(2) for t in range(8)]).view(2, 8, 5)
    assert torch.equal(density.sample(0.0), expected)


def test_far_from_all_components_the_density_is_still_finite():
    density = far_apart(4)
    frames = torch.full((1, 8, 5), 1e4)
    assert density.log_prob(frames).isfinite().all()


@pytest.mark.parametrize("kind", MIXTURES)
def test_components_start_with_equal_weights_at_different_places(kind):
    density = new_head(kind)(draw(2, 3, 8))
    torch.testing.assert_close(density.usage, torch.full((2, 3, 3), 1 / 3))
    places = density.means[0, :2].transpose(0, 1).flatten(1)
    assert torch.pdist(places).min() > 0.05 and places.abs().max() < 0.25


@pytest.mark.parametrize("kind", MIXTURES)
def test_components_part_in_training(kind):
    torch.manual_seed(0)
    head, hidden = new_head(kind), draw(1, 64, 8)
    frames = torch.where(draw(64, 1, seed=1) > 0, 1.0, -1.0).expand(64, 10).reshape(1, 128, 5) + 0.1 * draw(1, 128, 5, seed=2)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(60):
        loss = -head(hidden).log_prob(frames).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    one = DiagonalGaussian(frames.mean((0, 1)), frames.std((0, 1)).log()).log_prob(frames).mean()
    assert -loss > one + 2, "two places need two components"

"""Densities in numpy against those of the trained heads, draws against moments, and what shifting and scaling do."""

import numpy as np
import pytest

from tts.inference.codes import CodesDensity
from tts.inference.density import DENSITIES, Drawing, draw_index

R, F, K = 4, 5, 3
CONTINUOUS = ["gaussian", "low_rank", "full", "mixture", "regression"]
AS_TRAINED = Drawing(1.0)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def parameters_of(kind: str) -> list[np.ndarray]:
    mean, log_std = normal(R, F, seed=1), 0.5 * normal(R, F, seed=2)
    if kind == "mixture":
        weights = np.log(np.array([[0.2, 0.5, 0.3]], np.float32))
        return [weights, normal(R, K, F, seed=3), 0.5 * normal(R, K, F, seed=4)]
    if kind == "full":
        return [mean, np.tril(0.5 * normal(R, F, F, seed=5), -1) + np.exp(log_std)[..., None] * np.eye(F, dtype=np.float32)]
    more = {"gaussian": [log_std], "low_rank": [log_std, normal(R, F, 2, seed=6)], "regression": []}
    return [mean, *more[kind]]


class Books:
    """Codes of two levels whose frames are numbers, with a rule for the second level."""

    n_levels = 2

    def logits_after(self, trunk, codes):
        return np.eye(4, dtype=np.float32)[codes[:, 0]] * 2 + trunk[:, :4]

    def decode_codes(self, codes):
        return np.full((R, F), codes[0, 0] + 0.1 * codes[0, 1], np.float32)

    def encode_frames(self, frames):
        tenths = int(np.clip(np.round(frames.mean() * 10), 0, 33))
        return np.array([[min(tenths // 10, 3), min(tenths % 10, 3)]])


def make(kind: str):
    return CodesDensity(normal(1, 8), normal(1, 4, seed=1), Books()) if kind == "codes" else DENSITIES[kind](*parameters_of(kind))


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_it_is_the_density_of_the_trained_head(kind):
    import torch

    from tts.models.heads import DiagonalGaussian, FullGaussian, LowRankGaussian, Mixture, Regression

    classes = [DiagonalGaussian, LowRankGaussian, FullGaussian, Mixture, Regression]
    reference = classes[CONTINUOUS.index(kind)](*(torch.from_numpy(value)[None] for value in parameters_of(kind)))
    density, frames = make(kind), normal(R, F, seed=9)
    np.testing.assert_allclose(density.log_prob(frames), reference.log_prob(torch.from_numpy(frames)[None])[0], rtol=1e-4)
    np.testing.assert_allclose(density.mean, reference.mean[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(density.std, reference.std[0], rtol=1e-5)
    np.testing.assert_array_equal(density.sample(Drawing(0), np.random.default_rng()), reference.sample(0.0)[0])


@pytest.mark.parametrize("kind", ["gaussian", "low_rank", "full", "mixture"])
def test_draws_have_mean_and_deviation_of_the_density(kind):
    density, rng = make(kind), np.random.default_rng(0)
    draws = np.stack([density.sample(AS_TRAINED, rng) for _ in range(6_000)])
    assert draws.dtype == np.float32
    np.testing.assert_allclose(draws.mean(0), density.mean, atol=0.15)
    np.testing.assert_allclose(draws.std(0), density.std, rtol=0.08)


@pytest.mark.parametrize("kind", ["gaussian", "low_rank", "full", "mixture", "codes"])
def test_the_generator_decides_the_draw(kind):
    density = make(kind)
    first, again, *others = (density.sample(Drawing(0.7), np.random.default_rng(seed)) for seed in (1, *range(1, 20)))
    assert np.array_equal(first, again) and not all(np.array_equal(first, other) for other in others)


def test_a_gaussian_draw_uses_the_numbers_that_it_always_has():
    """A released voice says the same for the same seed for good."""
    density = make("low_rank")
    rng = np.random.default_rng(3)
    noise, shared = (rng.standard_normal(shape, dtype=np.float32) for shape in ((R, F), (R, 2, 1)))
    expected = density.mean + np.float32(0.3) * (np.exp(density.log_std) * noise + (density.factor @ shared)[..., 0])
    assert np.array_equal(density.sample(Drawing(0.3), np.random.default_rng(3)), expected)


@pytest.mark.parametrize("kind", CONTINUOUS)
@pytest.mark.parametrize("shape", [(F,), (R, F)])
def test_shifting_moves_mean_density_and_draws(kind, shape):
    density, frames, offset = make(kind), normal(R, F, seed=9), normal(*shape, seed=10)
    moved = density.shifted(offset)
    np.testing.assert_allclose(moved.mean, density.mean + offset, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(moved.std, density.std, rtol=1e-5)
    np.testing.assert_allclose(moved.log_prob(frames + offset), density.log_prob(frames), rtol=1e-3, atol=1e-4)
    first, second = (d.sample(AS_TRAINED, np.random.default_rng(1)) for d in (moved, density))
    assert first.dtype == np.float32
    np.testing.assert_allclose(first, second + offset, atol=1e-5)


@pytest.mark.parametrize("kind", ["gaussian", "low_rank", "full", "mixture"])
def test_scaling_is_what_temperature_does_to_deviations(kind):
    density = make(kind)
    if kind == "mixture":  # whose weights know temperature too
        density = DENSITIES[kind](np.log(np.array([[1e-9, 1.0, 1e-9]], np.float32)), density.means, density.log_stds)
    first, second = (
        density.scaled(0.5).sample(AS_TRAINED, np.random.default_rng(1)),
        density.sample(Drawing(0.5), np.random.default_rng(1)),
    )
    np.testing.assert_allclose(first, second, atol=1e-5)
    np.testing.assert_allclose(density.scaled(0.5).std, 0.5 * density.std, rtol=1e-4, atol=1e-4)
    assert density.scaled(0.5).log_prob(density.mean).sum() > density.log_prob(density.mean).sum()


def test_scaling_regression_changes_the_likelihood_alone():
    density = make("regression")
    wide = density.scaled(2.0)
    assert np.array_equal(wide.mean, density.mean) and (wide.std == 2).all()
    np.testing.assert_allclose(density.log_prob(density.mean) - wide.log_prob(density.mean), F * np.log(2), rtol=1e-5)


def test_places_are_drawn_as_often_as_they_are_likely():
    chances, rng = np.array([0.1, 0.4, 0.3, 0.2]), np.random.default_rng(0)
    wanted = {
        AS_TRAINED: chances,
        Drawing(0.5): chances**2 / (chances**2).sum(),
        Drawing(0): [0, 1, 0, 0],
        Drawing(1.0, top_k=2): [0, 4 / 7, 3 / 7, 0],
        Drawing(1.0, top_p=0.65): [0, 4 / 7, 3 / 7, 0],
        Drawing(1.0, top_k=3, top_p=0.95): [0, 4 / 9, 3 / 9, 2 / 9],
        Drawing(1.0, top_p=0.0): [0, 1, 0, 0],
    }
    for drawing, expected in wanted.items():
        share = np.bincount([draw_index(np.log(chances), drawing, rng) for _ in range(4_000)], minlength=4) / 4_000
        np.testing.assert_allclose(share, expected, atol=0.03, err_msg=str(drawing))


def test_codes_are_drawn_level_after_level():
    density, rng = make("codes"), np.random.default_rng(0)
    draws = np.array([density.sample(AS_TRAINED, rng)[0, 0] for _ in range(6_000)])
    all_codes = [np.array([[first, second]]) for first in range(4) for second in range(4)]
    patches = [density.reader.decode_codes(codes) for codes in all_codes]
    chances = np.exp([density.log_prob(patch).sum() for patch in patches])
    assert chances.sum() == pytest.approx(1)
    share = [np.isclose(draws, patch[0, 0]).mean() for patch in patches]
    np.testing.assert_allclose(share, chances, atol=0.02)
    mean = sum(chance * patch for chance, patch in zip(chances, patches, strict=True))
    assert abs(density.mean - mean).max() < 0.6 and density.std.shape == (R, F)


def test_shifted_codes_are_codes_again():
    density = make("codes")
    moved = density.shifted(np.full(F, 1.04, np.float32))
    first, second = (d.sample(Drawing(0), np.random.default_rng()) for d in (moved, density))
    codes = density.reader.encode_frames(second + 1.04)
    assert np.array_equal(first, density.reader.decode_codes(codes)) and not np.array_equal(first, second)
    assert np.array_equal(moved.shifted(np.full(F, -1.04)).sample(Drawing(0), np.random.default_rng()), second)


def test_scaled_codes_have_another_temperature():
    density = make("codes")
    for factor in (0.5, 2.0):
        first, second = (
            density.scaled(factor).sample(AS_TRAINED, np.random.default_rng(3)),
            density.sample(Drawing(factor), np.random.default_rng(3)),
        )
        assert np.array_equal(first, second)
    likeliest = density.sample(Drawing(0), np.random.default_rng())
    assert density.scaled(0.5).log_prob(likeliest).sum() > density.log_prob(likeliest).sum()

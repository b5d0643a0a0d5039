"""Distributions over one patch of normalised frames in numpy: what a backend's step gives, and what the engine draws from.

One class for each kind of head, with the formulas of tts/models/heads. All are values: `shifted` and `scaled` give another.
Letters: r frames per patch, F frame channels, R rank, K components, Q levels, C codes of a level.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Drawing:
    """How a patch is drawn.

    Attributes:
        temperature: factor of the standard deviation; divides logits. 0 gives the mode.
        top_k: only so many of the likeliest codes are drawn (codes alone).
        top_p: only the likeliest codes that have this probability together, at least one, are drawn (codes alone).
    """

    temperature: float
    top_k: int | None = None
    top_p: float | None = None


class Density(Protocol):
    """A distribution over one patch of normalised frames."""

    @property
    def mean(self) -> np.ndarray:
        """Expected frames (r, F)."""
        ...

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F)."""
        ...

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw a patch (r, F) float32."""
        ...

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,)."""
        ...

    def shifted(self, offset: np.ndarray) -> Self:
        """The density moved by an offset, (F,) or (r, F)."""
        ...

    def scaled(self, factor: float) -> Self:
        """The density with its standard deviation times a factor above 0."""
        ...


@dataclass(frozen=True)
class GaussianDensity:
    """Independent Gaussians.

    Attributes:
        mean: (r, F).
        log_std: (r, F).
    """

    mean: np.ndarray
    log_std: np.ndarray

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F)."""
        std: np.ndarray = np.exp(self.log_std)
        return std

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw a patch (r, F) float32."""
        if drawing.temperature == 0:
            return self.mean
        frames: np.ndarray = self.mean + np.float32(drawing.temperature) * self._deviation(rng)
        return frames

    def _deviation(self, rng: np.random.Generator) -> np.ndarray:
        """Draw from the density, less its mean."""
        deviation: np.ndarray = np.exp(self.log_std) * rng.standard_normal(self.mean.shape, dtype=np.float32)
        return deviation

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,)."""
        return _log_prob(frames, self.mean, self.log_std).sum(-1)

    def shifted(self, offset: np.ndarray) -> Self:
        """The density moved by an offset, (F,) or (r, F)."""
        return replace(self, mean=_float32(self.mean + offset))

    def scaled(self, factor: float) -> Self:
        """The density with its standard deviation times a factor above 0."""
        return replace(self, log_std=_float32(self.log_std + math.log(factor)))


@dataclass(frozen=True)
class LowRankDensity(GaussianDensity):
    """Gaussian with covariance diag(exp(log_std)^2) + factor factor^T, per frame.

    Attributes:
        factor: (r, F, R).
    """

    factor: np.ndarray

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F), the factor's part included."""
        std: np.ndarray = np.sqrt(np.exp(2 * self.log_std) + np.square(self.factor).sum(-1))
        return std

    def _deviation(self, rng: np.random.Generator) -> np.ndarray:
        own = super()._deviation(rng)
        shared = rng.standard_normal((len(self.mean), self.factor.shape[-1], 1), dtype=np.float32)
        deviation: np.ndarray = own + (self.factor @ shared)[..., 0]
        return deviation

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,), by the Woodbury identity."""
        scaled = self.factor * np.exp(-self.log_std)[..., None]
        z = ((frames - self.mean) * np.exp(-self.log_std))[..., None]
        transposed = scaled.transpose(0, 2, 1)
        cholesky = np.linalg.cholesky(np.eye(scaled.shape[-1], dtype=scaled.dtype) + transposed @ scaled)
        projected = np.linalg.solve(cholesky, transposed @ z)
        mahalanobis = np.square(z).sum((1, 2)) - np.square(projected).sum((1, 2))
        log_det = 2 * self.log_std.sum(-1) + 2 * np.log(np.diagonal(cholesky, axis1=1, axis2=2)).sum(-1)
        log_prob: np.ndarray = -0.5 * (mahalanobis + log_det + frames.shape[-1] * LOG_2PI)
        return log_prob

    def scaled(self, factor: float) -> Self:
        """The density with its standard deviation times a factor above 0."""
        return replace(super().scaled(factor), factor=_float32(self.factor * factor))


@dataclass(frozen=True)
class FullDensity:
    """Gaussian with covariance scale scale^T, per frame.

    Attributes:
        mean: (r, F).
        scale: (r, F, F) lower triangular.
    """

    mean: np.ndarray
    scale: np.ndarray

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F)."""
        std: np.ndarray = np.sqrt(np.square(self.scale).sum(-1))
        return std

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw a patch (r, F) float32."""
        if drawing.temperature == 0:
            return self.mean
        noise = rng.standard_normal((*self.mean.shape, 1), dtype=np.float32)
        frames: np.ndarray = self.mean + np.float32(drawing.temperature) * (self.scale @ noise)[..., 0]
        return frames

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,)."""
        z = np.linalg.solve(self.scale, (frames - self.mean)[..., None])
        log_det = 2 * np.log(np.diagonal(self.scale, axis1=1, axis2=2)).sum(-1)
        log_prob: np.ndarray = -0.5 * (np.square(z).sum((1, 2)) + log_det + frames.shape[-1] * LOG_2PI)
        return log_prob

    def shifted(self, offset: np.ndarray) -> Self:
        """The density moved by an offset, (F,) or (r, F)."""
        return replace(self, mean=_float32(self.mean + offset))

    def scaled(self, factor: float) -> Self:
        """The density with its standard deviation times a factor above 0."""
        return replace(self, scale=_float32(self.scale * factor))


@dataclass(frozen=True)
class MixtureDensity:
    """Diagonal Gaussians, one of which speaks the whole patch (mixture and experts).

    Attributes:
        log_weights: (1, K) log-probabilities of the components.
        means: (r, K, F).
        log_stds: (r, K, F).
    """

    log_weights: np.ndarray
    means: np.ndarray
    log_stds: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean of the mixture (r, F), which need not be near any component's."""
        mean: np.ndarray = (np.exp(self.log_weights)[..., None] * self.means).sum(1)
        return mean

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the mixture (r, F): of the components, and between them."""
        spread = np.exp(2 * self.log_stds) + np.square(self.means - self.mean[:, None])
        std: np.ndarray = np.sqrt((np.exp(self.log_weights)[..., None] * spread).sum(1))
        return std

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw a patch (r, F) float32: a component, then the frames; the temperature divides logits and multiplies deviations."""
        index = draw_index(self.log_weights[0], Drawing(drawing.temperature), rng)
        return GaussianDensity(self.means[:, index], self.log_stds[:, index]).sample(drawing, rng)

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,): of each frame given those before it; their sum is that of the patch."""
        of_frame = _log_prob(frames[:, None], self.means, self.log_stds).sum(-1)  # (r, K)
        so_far = np.logaddexp.reduce(self.log_weights + of_frame.cumsum(0), axis=1)
        return np.diff(so_far, prepend=np.zeros(1, so_far.dtype))

    def shifted(self, offset: np.ndarray) -> Self:
        """All components moved by an offset, (F,) or (r, F)."""
        return replace(self, means=_float32(self.means + np.atleast_2d(offset)[:, None]))

    def scaled(self, factor: float) -> Self:
        """The density with the components' standard deviations times a factor above 0; their places and weights stay."""
        return replace(self, log_stds=_float32(self.log_stds + math.log(factor)))


@dataclass(frozen=True)
class RegressionDensity:
    """Frames without a density; `log_prob` and `std` are those of unit variance times `scale`, and draws are always the mean.

    Attributes:
        mean: (r, F).
        scale: standard deviation.
    """

    mean: np.ndarray
    scale: float = 1.0

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F), the same everywhere."""
        return np.full_like(self.mean, self.scale)

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """The mean (r, F), at any temperature."""
        return self.mean

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-density of frames (r, F) in nats, (r,)."""
        return _log_prob(frames, self.mean, np.full_like(self.mean, math.log(self.scale))).sum(-1)

    def shifted(self, offset: np.ndarray) -> Self:
        """The mean moved by an offset, (F,) or (r, F)."""
        return replace(self, mean=_float32(self.mean + offset))

    def scaled(self, factor: float) -> Self:
        """With another deviation in `log_prob`; what is spoken stays."""
        return replace(self, scale=self.scale * factor)


def draw_index(logits: np.ndarray, drawing: Drawing, rng: np.random.Generator) -> int:
    """Draw a place in logits (C,), as a Drawing says."""
    if drawing.temperature == 0:
        return int(logits.argmax())
    logits = (logits - logits.max()).astype(np.float64) / drawing.temperature
    if drawing.top_k is None and drawing.top_p is None:  # no need to sort
        return _draw_end(np.exp(logits).cumsum(), rng)
    order = np.argsort(-logits, kind="stable")
    chances = np.exp(logits[order])
    ends = chances.cumsum()
    if drawing.top_p is not None:
        ends = ends[: max(1, np.count_nonzero(ends - chances < drawing.top_p * ends[-1]))]
    return int(order[_draw_end(ends[: drawing.top_k], rng)])


def _draw_end(ends: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a place by the running sum of unnormalised probabilities."""
    return min(int(np.searchsorted(ends, rng.random() * ends[-1], side="right")), len(ends) - 1)


def _log_prob(frames: np.ndarray, mean: np.ndarray, log_std: np.ndarray) -> np.ndarray:
    """Log-density of each channel of independent Gaussians, nats."""
    log_prob: np.ndarray = -0.5 * (np.square((frames - mean) * np.exp(-log_std)) + LOG_2PI) - log_std
    return log_prob


def _float32(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32)


DENSITIES: dict[str, Callable[..., Density]] = {
    "gaussian": GaussianDensity,
    "low_rank": LowRankDensity,
    "full": FullDensity,
    "mixture": MixtureDensity,
    "experts": MixtureDensity,
    "regression": RegressionDensity,
}

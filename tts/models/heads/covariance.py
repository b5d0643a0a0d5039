"""Heads whose channels move together within a frame: low rank plus diagonal, and a full covariance.

Letters: B batch, P patches, T frames (P * patch_size), F frame channels, D width, R rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import HeadConfig
from tts.models.heads.distribution import LOG_2PI, FrameDistribution, draw_noise, in_float32
from tts.models.heads.gaussian import GaussianHead


@dataclass
class LowRankGaussian:
    """Gaussian with covariance diag(exp(log_std)^2) + factor factor^T, per frame.

    Attributes:
        mean: (B, T, F).
        log_std: (B, T, F) natural log of the diagonal part's standard deviation.
        factor: (B, T, F, R).
    """

    mean: Tensor
    log_std: Tensor
    factor: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, T, F), the factor's part included."""
        return ((2 * self.log_std).exp() + self.factor.square().sum(-1)).sqrt()

    @property
    def n_terms(self) -> float:
        """Channels."""
        return self.mean.shape[-1]

    @property
    def log_det(self) -> Tensor:
        """Log-determinant of the covariance (B, T), by the matrix determinant lemma."""
        return self._log_det(self._capacity(self._scaled()))

    def _scaled(self) -> Tensor:
        return self.factor * torch.exp(-self.log_std)[..., None]  # (B, T, F, R)

    def _capacity(self, scaled: Tensor) -> Tensor:
        """Cholesky factor (B, T, R, R) of I + V^T V."""
        with in_float32(scaled):
            capacity = scaled.transpose(-1, -2) @ scaled
            return torch.linalg.cholesky(capacity + torch.eye(capacity.shape[-1], device=capacity.device, dtype=capacity.dtype))

    def _log_det(self, capacity: Tensor) -> Tensor:
        return 2 * self.log_std.sum(-1) + 2 * capacity.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats, by the Woodbury identity: (B, T, F) -> (B, T)."""
        scaled = self._scaled()
        capacity = self._capacity(scaled)
        z = (frames - self.mean) * torch.exp(-self.log_std)
        with in_float32(scaled):
            projected = torch.linalg.solve_triangular(capacity, scaled.transpose(-1, -2) @ z[..., None], upper=False)
        mahalanobis = z.square().sum(-1) - projected.square().sum((-1, -2))
        return -0.5 * (mahalanobis + self._log_det(capacity) + frames.shape[-1] * LOG_2PI)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        if temperature == 0:
            return self.mean
        noise = draw_noise(self.mean, generator)
        shared = draw_noise(self.factor[..., :1, :].transpose(-1, -2), generator)  # (B, T, R, 1)
        with in_float32(noise):
            return self.mean + temperature * (self.log_std.exp() * noise + (self.factor @ shared).squeeze(-1))


@dataclass
class FullGaussian:
    """Gaussian with covariance scale scale^T, per frame.

    Attributes:
        mean: (B, T, F).
        scale: (B, T, F, F) lower triangular Cholesky factor, its diagonal positive.
    """

    mean: Tensor
    scale: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, T, F)."""
        return self.scale.square().sum(-1).sqrt()

    @property
    def n_terms(self) -> float:
        """Channels."""
        return self.mean.shape[-1]

    @property
    def log_det(self) -> Tensor:
        """Log-determinant of the covariance (B, T)."""
        return 2 * self.scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T)."""
        z = torch.linalg.solve_triangular(self.scale, (frames - self.mean)[..., None], upper=False)
        return -0.5 * (z.square().sum((-1, -2)) + self.log_det + frames.shape[-1] * LOG_2PI)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        if temperature == 0:
            return self.mean
        noise = draw_noise(self.mean, generator)
        with in_float32(noise):
            return self.mean + temperature * (self.scale @ noise[..., None]).squeeze(-1)


class LowRankHead(GaussianHead):
    """Hidden patches (B, P, D) to a LowRankGaussian; the factor starts small, not at zero, where its gradient would vanish."""

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__(config, width, patch_size, n_channels)
        bias = self.out.bias.data.view(-1, self.n_outputs)
        nn.init.normal_(bias[:, 2:], std=0.05)

    @property
    def n_outputs(self) -> int:
        """Numbers per frame channel."""
        return 2 + self.config.rank

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Mean, log standard deviation (B, T, F) and factor (B, T, F, R)."""
        raw = self.raw(hidden)
        return raw[..., 0], self.bounded(raw[..., 1]), raw[..., 2:]

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        return LowRankGaussian(*self.parameters_of(hidden))


class FullHead(GaussianHead):
    """Hidden patches (B, P, D) to a FullGaussian.

    Below the diagonal the factor starts at zero. The floor holds for the diagonal, that is for the deviation of each channel
    given the channels before it. The numbers grow with F * F / 2 a frame: for small F, or as a yardstick.
    """

    n_below: int
    place: Tensor

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__(config, width, patch_size, n_channels)
        self.n_below = n_channels * (n_channels - 1) // 2
        self.below = nn.Linear(config.hidden, patch_size * self.n_below)
        nn.init.zeros_(self.below.weight)
        nn.init.zeros_(self.below.bias)
        rows, columns = torch.tril_indices(n_channels, n_channels, -1)
        place = torch.full((n_channels, n_channels), self.n_below)  # of every entry in the row of numbers, whose last is a zero
        place[rows, columns] = torch.arange(self.n_below)
        self.register_buffer("place", place.flatten(), persistent=False)

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Mean (B, T, F) and Cholesky factor (B, T, F, F)."""
        x = functional.gelu(self.hidden(hidden), approximate="tanh")
        raw = self.out(x).float().unflatten(-1, (self.patch_size, self.n_channels, 2)).flatten(1, 2)
        below = self.below(x).float().unflatten(-1, (self.patch_size, self.n_below)).flatten(1, 2)
        below = functional.pad(below, (0, 1))[..., self.place].unflatten(-1, (self.n_channels, self.n_channels))
        eye = torch.eye(self.n_channels, device=raw.device)
        return raw[..., 0], below + self.bounded(raw[..., 1]).exp()[..., None] * eye

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        return FullGaussian(*self.parameters_of(hidden))

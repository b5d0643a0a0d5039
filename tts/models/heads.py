"""Heads: the density of the next frames given the backbone's output.

A head maps hidden patches to a FrameDistribution over frames that are normalised to zero mean and unit variance per band. The
last layer starts at zero, so that training begins at mean 0 and standard deviation 1 ("flat start"); the standard deviation has
a floor. Letters: B batch, P patches, T frames (P * patch_size), F frame channels, D width, R rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import HeadConfig

LOG_2PI = math.log(2 * math.pi)
MAX_LOG_STD = 1.0


class FrameDistribution(Protocol):
    """A density over frames."""

    mean: Tensor
    log_std: Tensor

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T)."""
        ...

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        ...


@dataclass
class DiagonalGaussian:
    """Independent Gaussians.

    Attributes:
        mean: (B, T, F).
        log_std: (B, T, F) natural log of the standard deviation.
    """

    mean: Tensor
    log_std: Tensor

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T)."""
        return self.log_prob_per_channel(frames).sum(-1)

    def log_prob_per_channel(self, frames: Tensor) -> Tensor:
        """Log-density of each channel, nats: (B, T, F) -> (B, T, F)."""
        z = (frames - self.mean) * torch.exp(-self.log_std)
        return -0.5 * (z.square() + LOG_2PI) - self.log_std

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        if temperature == 0:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + temperature * self.log_std.exp() * noise


@dataclass
class LowRankGaussian:
    """Gaussian with covariance diag(std^2) + factor factor^T, per frame.

    Attributes:
        mean: (B, T, F).
        log_std: (B, T, F) natural log of the diagonal part's standard deviation.
        factor: (B, T, F, R).
    """

    mean: Tensor
    log_std: Tensor
    factor: Tensor

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats, by the Woodbury identity and the matrix determinant lemma: (B, T, F) -> (B, T)."""
        scaled = self.factor * torch.exp(-self.log_std)[..., None]  # (B, T, F, R)
        z = (frames - self.mean) * torch.exp(-self.log_std)
        capacity = scaled.transpose(-1, -2) @ scaled
        capacity = capacity + torch.eye(capacity.shape[-1], device=capacity.device, dtype=capacity.dtype)
        cholesky = torch.linalg.cholesky(capacity)
        projected = torch.linalg.solve_triangular(cholesky, scaled.transpose(-1, -2) @ z[..., None], upper=False)
        mahalanobis = z.square().sum(-1) - projected.square().sum((-1, -2))
        log_det = 2 * self.log_std.sum(-1) + 2 * cholesky.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return -0.5 * (mahalanobis + log_det + frames.shape[-1] * LOG_2PI)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        if temperature == 0:
            return self.mean
        device, dtype = self.mean.device, self.mean.dtype
        noise = torch.randn(self.mean.shape, generator=generator, dtype=dtype, device=device)
        shared = torch.randn((*self.mean.shape[:-1], self.factor.shape[-1], 1), generator=generator, dtype=dtype, device=device)
        return self.mean + temperature * (self.log_std.exp() * noise + (self.factor @ shared).squeeze(-1))


class GaussianHead(nn.Module):
    """Hidden patches (B, P, D) to a DiagonalGaussian over T = P * patch_size frames."""

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__()
        self.config, self.patch_size, self.n_channels = config, patch_size, n_channels
        self.hidden = nn.Linear(width, config.hidden)
        self.out = nn.Linear(config.hidden, self.n_outputs * patch_size * n_channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def n_outputs(self) -> int:
        """Numbers per frame channel."""
        return 2

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Mean and log standard deviation, each (B, T, F), as one tensor each: what an exported graph gives."""
        raw = self.out(functional.gelu(self.hidden(hidden), approximate="tanh")).float()
        raw = raw.unflatten(-1, (self.patch_size, self.n_channels, self.n_outputs)).flatten(1, 2)  # (B, T, F, n_outputs)
        log_std = raw[..., 1].clamp(math.log(self.config.min_std), MAX_LOG_STD)
        return raw[..., 0], log_std

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        mean, log_std = self.parameters_of(hidden)
        return DiagonalGaussian(mean, log_std)


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
        raw = self.out(functional.gelu(self.hidden(hidden), approximate="tanh")).float()
        raw = raw.unflatten(-1, (self.patch_size, self.n_channels, self.n_outputs)).flatten(1, 2)
        return raw[..., 0], raw[..., 1].clamp(math.log(self.config.min_std), MAX_LOG_STD), raw[..., 2:]

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        mean, log_std, factor = self.parameters_of(hidden)
        return LowRankGaussian(mean, log_std, factor)


HEADS: dict[str, type[GaussianHead]] = {"gaussian": GaussianHead, "low_rank": LowRankHead}


def compute_beta_nll(distribution: FrameDistribution, frames: Tensor, beta: float) -> Tensor:
    """Negative log-likelihood, weighted per channel by the detached variance to the power beta (arXiv 2203.09168, eq. 5).

    Without the weight, frames that are hard to predict are starved of gradient. A covariance that is not diagonal has no
    likelihood per channel; its frames are weighted by the mean weight.

    Args:
        distribution: density of T frames.
        frames: (B, T, F) targets.
        beta: 0 is the plain likelihood, 1 weights like squared error.

    Returns:
        (B, T) nats per channel.
    """
    weight = (2 * beta * distribution.log_std.detach()).exp()
    if isinstance(distribution, DiagonalGaussian):
        return -(weight * distribution.log_prob_per_channel(frames)).mean(-1)
    return -weight.mean(-1) * distribution.log_prob(frames) / frames.shape[-1]

"""The default head: independent Gaussians, whose mean and standard deviation the network gives.

The last layer starts at zero, so that training begins at mean 0 and standard deviation 1 ("flat start"); the standard deviation
has a floor. Letters: B batch, P patches, T frames (P * patch_size), F frame channels, D width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import HeadConfig
from tts.models.heads.distribution import MAX_LOG_STD, FrameDistribution, diagonal_log_prob, draw_noise


@dataclass
class DiagonalGaussian:
    """Independent Gaussians.

    Attributes:
        mean: (B, T, F).
        log_std: (B, T, F) natural log of the standard deviation.
    """

    mean: Tensor
    log_std: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, T, F)."""
        return self.log_std.exp()

    @property
    def n_terms(self) -> float:
        """Channels."""
        return self.mean.shape[-1]

    @property
    def log_det(self) -> Tensor:
        """Log-determinant of the covariance (B, T)."""
        return 2 * self.log_std.sum(-1)

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T)."""
        return self.log_prob_per_channel(frames).sum(-1)

    def log_prob_per_channel(self, frames: Tensor) -> Tensor:
        """Log-density of each channel, nats: (B, T, F) -> (B, T, F)."""
        return diagonal_log_prob(frames, self.mean, self.log_std)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        if temperature == 0:
            return self.mean
        return self.mean + temperature * self.log_std.exp() * draw_noise(self.mean, generator)


class GaussianHead(nn.Module):
    """Hidden patches (B, P, D) to a DiagonalGaussian over T = P * patch_size frames."""

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__()
        self.config, self.patch_size, self.n_channels = config, patch_size, n_channels
        self.hidden = nn.Linear(width, config.hidden)
        self.out = nn.Linear(config.hidden, patch_size * n_channels * self.n_outputs)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def n_outputs(self) -> int:
        """Numbers per frame channel."""
        return 2

    def raw(self, hidden: Tensor) -> Tensor:
        """The network's numbers in float32, (B, T, F, n_outputs)."""
        raw = self.out(functional.gelu(self.hidden(hidden), approximate="tanh")).float()
        return raw.unflatten(-1, (self.patch_size, self.n_channels, self.n_outputs)).flatten(1, 2)

    def bounded(self, raw: Tensor) -> Tensor:
        """Log standard deviation between its floor and its ceiling."""
        return raw.clamp(math.log(self.config.min_std), MAX_LOG_STD)

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Mean and log standard deviation, each (B, T, F), as one tensor each: what an exported graph gives."""
        raw = self.raw(hidden)
        return raw[..., 0], self.bounded(raw[..., 1])

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        return DiagonalGaussian(*self.parameters_of(hidden))

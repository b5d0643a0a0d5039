"""What every head gives: a distribution over the frames of the next patches, in float32 also where the network runs in bfloat16.

Letters: B batch, P patches, T frames (P * patch_size), F frame channels.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)
MAX_LOG_STD = 1.0


class FrameDistribution(Protocol):
    """A distribution over frames.

    Attributes:
        mean: (B, T, F) expected frames.
        std: (B, T, F) standard deviation of every channel, whatever the channels share.
        n_terms: terms that a frame's log_prob adds up: what to divide by to compare sizes (channels; of codes, codes a frame).
    """

    @property
    def mean(self) -> Tensor: ...  # noqa: D102
    @property
    def std(self) -> Tensor: ...  # noqa: D102
    @property
    def n_terms(self) -> float: ...  # noqa: D102

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T)."""
        ...

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F); the temperature multiplies the standard deviation, 0 gives the mode."""
        ...


def in_float32(tensor: Tensor) -> torch.autocast:
    """A block in which products of matrices on the tensor's device are not cast to bfloat16."""
    return torch.autocast(tensor.device.type, enabled=False)


def draw_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal numbers in the shape, dtype and place of a tensor."""
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def diagonal_log_prob(frames: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Log-density of each channel of independent Gaussians, nats; the shapes are broadcast."""
    z = (frames - mean) * torch.exp(-log_std)
    return -0.5 * (z.square() + LOG_2PI) - log_std

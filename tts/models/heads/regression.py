"""The control: a head that gives frames and no density, trained by squared error.

Letters: B batch, P patches, T frames (P * patch_size), F frame channels, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tts.models.heads.distribution import FrameDistribution, diagonal_log_prob
from tts.models.heads.gaussian import GaussianHead


@dataclass
class Regression:
    """Frames without a density.

    Its `log_prob` is that of unit variance: of this Gaussian, squared error is the likelihood. It says how far the frames are
    from the mean, and is no measured density. Draws are always the mean.

    Attributes:
        mean: (B, T, F).
    """

    mean: Tensor

    @property
    def std(self) -> Tensor:
        """Ones (B, T, F), the deviation that log_prob takes."""
        return torch.ones_like(self.mean)

    @property
    def n_terms(self) -> float:
        """Channels."""
        return self.mean.shape[-1]

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density at unit variance, nats: (B, T, F) -> (B, T)."""
        return diagonal_log_prob(frames, self.mean, torch.zeros_like(self.mean)).sum(-1)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """The mean (B, T, F), at any temperature."""
        return self.mean


class RegressionHead(GaussianHead):
    """Hidden patches (B, P, D) to a Regression."""

    @property
    def n_outputs(self) -> int:
        """Numbers per frame channel."""
        return 1

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Mean (B, T, F)."""
        return (self.raw(hidden)[..., 0],)

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the frames."""
        return Regression(*self.parameters_of(hidden))

"""Heads with several Gaussians for a patch: a mixture, and a mixture of experts.

A patch takes *one* component for all of its frames, so that what is drawn hangs together. With weights w and components N_k that
are independent over frames and channels, the density of a patch y_1 ... y_r is sum_k w_k prod_t N_k(y_t). Letters: B batch, P
patches, r frames per patch, T frames (P * r), F frame channels, D width, K components.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import HeadConfig
from tts.models.heads.distribution import FrameDistribution, diagonal_log_prob, draw_noise
from tts.models.heads.gaussian import GaussianHead

START_STD = 0.05  # of the components' first means around zero


@dataclass
class Mixture:
    """Diagonal Gaussians, one of which speaks a whole patch.

    Attributes:
        log_weights: (B, P, K) log-probabilities of the components.
        means: (B, T, K, F).
        log_stds: (B, T, K, F).
    """

    log_weights: Tensor
    means: Tensor
    log_stds: Tensor

    @property
    def patch_size(self) -> int:
        """Frames that share one choice."""
        return self.means.shape[1] // self.log_weights.shape[1]

    @property
    def n_terms(self) -> float:
        """Channels."""
        return self.means.shape[-1]

    @property
    def usage(self) -> Tensor:
        """Probabilities of the components, (B, P, K)."""
        return self.log_weights.exp()

    @property
    def mean(self) -> Tensor:
        """Mean of the mixture (B, T, F), which need not be near any component's."""
        return (self._frame_weights() * self.means).sum(2)

    @property
    def std(self) -> Tensor:
        """Standard deviation of the mixture (B, T, F): of the components, and between them."""
        spread = (2 * self.log_stds).exp() + (self.means - self.mean[:, :, None]).square()
        return (self._frame_weights() * spread).sum(2).sqrt()

    def _frame_weights(self) -> Tensor:
        return self.usage.repeat_interleave(self.patch_size, dim=1)[..., None]  # (B, T, K, 1)

    def log_prob_per_channel(self, frames: Tensor) -> Tensor:
        """Log-density of each channel under each component, nats: (B, T, F) -> (B, T, K, F)."""
        return diagonal_log_prob(frames[:, :, None], self.means, self.log_stds)

    def responsibilities(self, log_prob_per_channel: Tensor) -> Tensor:
        """Log-probabilities (B, P, K) that a component has made a patch, given the whole patch."""
        of_patch = log_prob_per_channel.sum(-1).unflatten(1, (-1, self.patch_size)).sum(2)
        return torch.log_softmax(self.log_weights + of_patch, dim=-1)

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-density, nats: (B, T, F) -> (B, T).

        The chain rule splits the density of a patch among its frames: frame t gets log p(y_1 ... y_t) - log p(y_1 ... y_{t-1}),
        its density given the frames of the patch before it. They add up to the log-density of the patch.
        """
        of_frame = self.log_prob_per_channel(frames).sum(-1).unflatten(1, (-1, self.patch_size))  # (B, P, r, K)
        joint = self.log_weights[:, :, None] + of_frame.cumsum(2)
        so_far = torch.logsumexp(joint, dim=-1)  # (B, P, r)
        return (so_far - functional.pad(so_far[..., :-1], (1, 0))).flatten(1)

    def sample(self, temperature: float, generator: torch.Generator | None = None) -> Tensor:
        """Draw (B, T, F).

        The temperature divides the components' logits and multiplies the standard deviation; 0 gives the mean of the likeliest
        component.
        """
        if temperature == 0:
            return self._take(self.means, self.log_weights.argmax(-1))
        chances = torch.softmax(self.log_weights / temperature, dim=-1).flatten(0, 1)
        chosen = torch.multinomial(chances, 1, generator=generator).view(self.log_weights.shape[:2])
        mean = self._take(self.means, chosen)
        return mean + temperature * self._take(self.log_stds, chosen).exp() * draw_noise(mean, generator)

    def _take(self, values: Tensor, chosen: Tensor) -> Tensor:
        """Of values (B, T, K, F) those of the components chosen (B, P) for the patches: (B, T, F)."""
        index = chosen.repeat_interleave(self.patch_size, dim=1)[..., None, None]
        return values.take_along_dim(index, dim=2).squeeze(2)


def scatter_means(bias: Tensor) -> None:
    """Give the components' means (..., 0) of a bias (..., n_outputs) different small values.

    Components that begin alike get the same gradient and stay alike for good. Over the hundreds of numbers of a patch the small
    differences are enough to tell the components apart, and the density still begins nearly flat.
    """
    nn.init.normal_(bias[..., 0], std=START_STD)


class MixtureHead(GaussianHead):
    """Hidden patches (B, P, D) to a Mixture; one hidden layer for all components."""

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__(config, width, patch_size, n_channels)
        self.weights = nn.Linear(config.hidden, config.n_components)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)
        scatter_means(self.out.bias.data.view(-1, 2))

    @property
    def n_outputs(self) -> int:
        """Numbers per frame channel."""
        return 2 * self.config.n_components

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Log-weights (B, P, K), means and log standard deviations (B, T, K, F)."""
        x = functional.gelu(self.hidden(hidden), approximate="tanh")
        raw = self.out(x).float().unflatten(-1, (self.patch_size, self.config.n_components, self.n_channels, 2)).flatten(1, 2)
        return torch.log_softmax(self.weights(x).float(), dim=-1), raw[..., 0], self.bounded(raw[..., 1])

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        return Mixture(*self.parameters_of(hidden))


class ExpertsHead(nn.Module):
    """Hidden patches (B, P, D) to a Mixture: a router weighs experts, each a network of its own that gives one Gaussian.

    The router does not choose (as in Switch Transformers, arXiv 2101.03961) but weighs, so that the density is exact; a loss
    that keeps all experts busy is in losses.py.
    """

    experts: Sequence[GaussianHead]

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int) -> None:
        super().__init__()
        self.router = nn.Linear(width, config.n_components)
        nn.init.zeros_(self.router.weight)
        nn.init.zeros_(self.router.bias)
        experts = (GaussianHead(config, width, patch_size, n_channels) for _ in range(config.n_components))
        self.experts = nn.ModuleList(experts)  # type: ignore[assignment]
        for expert in self.experts:
            scatter_means(expert.out.bias.data.view(-1, 2))

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """Log-weights (B, P, K), means and log standard deviations (B, T, K, F)."""
        means, log_stds = zip(*(expert.parameters_of(hidden) for expert in self.experts), strict=True)
        return torch.log_softmax(self.router(hidden).float(), dim=-1), torch.stack(means, 2), torch.stack(log_stds, 2)

    def forward(self, hidden: Tensor) -> FrameDistribution:
        """Make the density."""
        return Mixture(*self.parameters_of(hidden))

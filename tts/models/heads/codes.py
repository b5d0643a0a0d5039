"""The discrete head: probabilities of a frozen quantiser's codes instead of a density of frames.

The Q codes of a patch are predicted one after another, each from the hidden patch and the embeddings of the codes before it.
Letters: B batch, P patches, r frames per patch, T frames (P * r), F frame channels, D width, Q levels, C codes of a level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.models.config import HeadConfig
from tts.models.heads.distribution import in_float32

if TYPE_CHECKING:
    from typing import Self

    from tts.models.quantizer import Quantizer

N_MOMENT_DRAWS = 32  # from which mean and deviation of what the codes stand for are measured


@dataclass
class Codes:
    """Probabilities of the codes of each patch.

    Attributes:
        trunk: (B, P, hidden) what all levels read.
        logits: (B, P, C) of the first level.
        head: which predicts the other levels, and knows what the codes stand for.
    """

    trunk: Tensor
    logits: Tensor
    head: CodesHead

    @property
    def n_terms(self) -> float:
        """Codes for each frame."""
        return self.head.quantizer.n_levels / self.head.patch_size

    @property
    def usage(self) -> Tensor:
        """Probabilities of the first level's codes, (B, P, C)."""
        return torch.softmax(self.logits, dim=-1)

    @property
    def mean(self) -> Tensor:
        """Mean (B, T, F) over a few draws, always the same ones."""
        return self._moments[0]

    @property
    def std(self) -> Tensor:
        """Standard deviation (B, T, F) over the same draws."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Tensor, Tensor]:
        generator = torch.Generator(self.trunk.device).manual_seed(0)
        draws = torch.stack([self.sample(1.0, generator) for _ in range(N_MOMENT_DRAWS)])
        return draws.mean(0), draws.std(0)

    def log_prob(self, frames: Tensor) -> Tensor:
        """Log-probability of the frames' codes, nats, spread evenly over the frames of a patch: (B, T, F) -> (B, T).

        Of a probability, not of a density: it is at most 0, and cannot be compared with that of another head.
        """
        with in_float32(frames):
            codes = self.head.quantizer.encode(frames)
        of_patch = self.log_prob_of_codes(codes).sum(-1)
        return (of_patch / self.head.patch_size).repeat_interleave(self.head.patch_size, dim=1)

    def log_prob_of_codes(self, codes: Tensor) -> Tensor:
        """Log-probability of each code given those before it, nats: int64 (B, P, Q) -> (B, P, Q)."""
        rows = [torch.log_softmax(self._logits_after(codes[..., :level]), dim=-1) for level in range(codes.shape[-1])]
        return torch.stack([row.gather(-1, codes[..., i, None]).squeeze(-1) for i, row in enumerate(rows)], dim=-1)

    def _logits_after(self, codes: Tensor) -> Tensor:
        return self.head.logits_of(self.trunk, codes) if codes.shape[-1] else self.logits

    def sample(
        self,
        temperature: float,
        generator: torch.Generator | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> Tensor:
        """Draw codes, and give the frames (B, T, F) that they stand for; see `sample_codes`."""
        codes = self.sample_codes(temperature, generator, top_k, top_p)
        with in_float32(self.trunk):
            return self.head.quantizer.decode(codes)

    def sample_codes(
        self,
        temperature: float,
        generator: torch.Generator | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> Tensor:
        """Draw int64 codes (B, P, Q), level after level.

        Args:
            temperature: divides the logits; 0 gives the likeliest code of each level.
            generator: of the draws.
            top_k: only so many of the likeliest codes are drawn.
            top_p: only the likeliest codes whose probabilities add up to this are drawn, and at least one.
        """
        codes = torch.zeros((*self.trunk.shape[:2], 0), dtype=torch.int64, device=self.trunk.device)
        for _ in range(self.head.quantizer.n_levels):
            logits = self._logits_after(codes)
            if temperature == 0:
                chosen = logits.argmax(-1, keepdim=True)
            else:
                chances = torch.softmax(narrow(logits / temperature, top_k, top_p), dim=-1)
                chosen = torch.multinomial(chances.flatten(0, 1), 1, generator=generator).view(*codes.shape[:2], 1)
            codes = torch.cat((codes, chosen), dim=-1)
        return codes


def narrow(logits: Tensor, top_k: int | None, top_p: float | None) -> Tensor:
    """Logits (..., C), with -inf where a code is not among the likeliest; see `Codes.sample_codes`."""
    if top_k is None and top_p is None:
        return logits
    order = logits.argsort(dim=-1, descending=True)
    chances = torch.softmax(logits.gather(-1, order), dim=-1)
    drop = torch.zeros_like(chances, dtype=torch.bool)
    if top_p is not None:
        drop |= chances.cumsum(-1) - chances >= top_p
    if top_k is not None:
        drop[..., top_k:] = True
    drop[..., 0] = False
    return logits.masked_fill(drop.scatter(-1, order, drop), float("-inf"))


class CodesHead(nn.Module):
    """Hidden patches (B, P, D) to Codes; the quantiser is frozen and saved with the head. It starts at equal probabilities."""

    def __init__(self, config: HeadConfig, width: int, patch_size: int, n_channels: int, quantizer: Quantizer) -> None:
        """Make the head; n_channels is the quantiser's."""
        super().__init__()
        self.patch_size, self.n_channels = patch_size, n_channels
        self.quantizer = quantizer.requires_grad_(False).eval()
        n_levels, n_codes = quantizer.n_levels, quantizer.codebook_size
        self.hidden = nn.Linear(width, config.hidden)
        self.embeddings = nn.ModuleList(nn.Embedding(n_codes, config.hidden) for _ in range(n_levels - 1))
        self.levels = nn.ModuleList(nn.Linear(config.hidden, n_codes) for _ in range(n_levels))
        for embedding in self.embeddings:
            nn.init.normal_(embedding.get_parameter("weight"), std=0.3)
        for level in self.levels:
            nn.init.zeros_(level.get_parameter("weight"))
            nn.init.zeros_(level.get_parameter("bias"))

    def train(self, mode: bool = True) -> Self:
        """Switch the head to training; the quantiser stays as it is."""
        super().train(mode)
        self.quantizer.eval()
        return self

    def logits_of(self, trunk: Tensor, codes: Tensor) -> Tensor:
        """Logits of the level after some codes.

        Args:
            trunk: (..., hidden).
            codes: int64 (..., q) of the first q levels.

        Returns:
            (..., C) of level q.
        """
        x = trunk
        for index in range(codes.shape[-1]):
            x = x + self.embeddings[index](codes[..., index])
        return self.levels[codes.shape[-1]](functional.gelu(x, approximate="tanh")).float()

    def parameters_of(self, hidden: Tensor) -> tuple[Tensor, ...]:
        """What all levels read (B, P, hidden), and the logits of the first level (B, P, C)."""
        trunk = self.hidden(hidden).float()
        return trunk, self.logits_of(trunk, trunk[..., :0].long())

    def forward(self, hidden: Tensor) -> Codes:
        """Make the probabilities."""
        trunk, logits = self.parameters_of(hidden)
        return Codes(trunk, logits, self)

"""The aligner: which frames belong to which token, learned from text and mel alone.

Two small convolutional encoders map tokens and frames into one space; the negative squared distance is a frame's score for a
token ("One TTS Alignment to Rule Them All", arXiv 2108.10447). Training maximises the sum over all monotonic paths, which is
CTC with the labels 1..S; a prior (alignment.py) favours the diagonal. The hard path is torchaudio's forced_align on the same
matrix. Letters: B batch, T frames, S tokens, D width.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import forced_align

BLANK_LOGIT = -1.0


class AlignerConfig(BaseModel):
    """Settings of the aligner."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_symbols: int = Field(120, gt=0)
    n_mels: int = Field(100, gt=0)
    width: int = Field(128, gt=0)
    attention_width: int = Field(64, gt=0)
    temperature: float = Field(0.1, gt=0)  # factor of the squared distance


class ConvStack(nn.Module):
    """Convolutions over time with norm and activation, (B, T, inputs) -> (B, T, outputs)."""

    def __init__(self, inputs: int, width: int, outputs: int, kernel_size: int, n_layers: int) -> None:
        super().__init__()
        sizes = [inputs] + [width] * n_layers
        self.convs = nn.ModuleList(nn.Conv1d(a, b, kernel_size, padding=kernel_size // 2) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(n_layers))
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Transform; mask is bool (B, T), True = real data."""
        keep = mask[..., None].to(x.dtype)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = functional.gelu(norm(conv((x * keep).transpose(1, 2)).transpose(1, 2)))
        return self.out(x)


class Aligner(nn.Module):
    """Scores every frame against every token."""

    def __init__(self, config: AlignerConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AlignerConfig()
        self.embedding = nn.Embedding(config.n_symbols, config.width)
        self.stress = nn.Embedding(3, config.width)
        self.text = ConvStack(config.width, config.width, config.attention_width, 3, 2)
        self.frames = ConvStack(config.n_mels, config.width, config.attention_width, 3, 3)

    def forward(self, tokens: Tensor, token_mask: Tensor, mel: Tensor, mel_mask: Tensor, prior: Tensor) -> Tensor:
        """Score frames against tokens.

        Args:
            tokens: int64 (B, S, 3): id, stress, place.
            token_mask: bool (B, S).
            mel: (B, T, n_mels) natural-log mel.
            mel_mask: bool (B, T).
            prior: (B, T, S) natural-log prior.

        Returns:
            (B, T, S) log-probability of each token at each frame, padding at -1e4.
        """
        key = self.text(self.embedding(tokens[..., 0]) + self.stress(tokens[..., 1]), token_mask)
        query = self.frames(mel * 0.25 + 1.0, mel_mask)
        distance = query.square().sum(-1)[..., None] + key.square().sum(-1)[:, None] - 2 * query @ key.transpose(1, 2)
        scores = (-self.config.temperature * distance.float()).masked_fill(~token_mask[:, None], -1e4)
        return functional.log_softmax(scores, dim=-1) + prior


def compute_forward_sum_loss(scores: Tensor, token_lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Negative log of the summed probability of all monotonic paths, mean per frame.

    Args:
        scores: (B, T, S) from Aligner.
        token_lengths: int64 (B,).
        mel_lengths: int64 (B,).
    """
    with_blank = functional.pad(scores, (1, 0), value=BLANK_LOGIT)
    log_probs = functional.log_softmax(with_blank, dim=-1).transpose(0, 1)  # (T, B, 1 + S)
    targets = torch.arange(1, scores.shape[2] + 1, device=scores.device).expand(scores.shape[0], -1)
    losses = functional.ctc_loss(log_probs, targets, mel_lengths, token_lengths, reduction="none", zero_infinity=True)
    return (losses / mel_lengths).mean()


def durations_of(scores: Tensor) -> tuple[Tensor, float]:
    """Best monotonic path of one utterance.

    Args:
        scores: (T, S) from Aligner, no padding.

    Returns:
        int64 (S,) frames per token, each at least 1, summing to T; and the path's mean score per frame, nats.
    """
    with_blank = functional.pad(scores, (1, 0), value=-1e4)  # no frame may be blank
    targets = torch.arange(1, scores.shape[1] + 1, dtype=torch.int32)[None]
    path, path_scores = forced_align(functional.log_softmax(with_blank, dim=-1)[None].contiguous(), targets, blank=0)
    durations = torch.bincount(path[0].long() - 1, minlength=scores.shape[1])
    return durations, float(path_scores.mean())

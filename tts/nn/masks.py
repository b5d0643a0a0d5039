"""Masks; True is real data or an allowed look. Letters: B batch, T positions."""

from __future__ import annotations

import torch
from torch import Tensor


def lengths_to_mask(lengths: Tensor, n_positions: int | None = None) -> Tensor:
    """Bool (B, T): True where position < length. lengths: int64 (B,); T is n_positions or the longest length."""
    size = int(lengths.max()) if n_positions is None else n_positions
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]


def causal_window_mask(n_positions: int, window: int, device: torch.device) -> Tensor:
    """Bool (T, T): query t may look at keys t - window + 1 .. t."""
    place = torch.arange(n_positions, device=device)
    distance = place[:, None] - place[None]
    return (distance >= 0) & (distance < window)

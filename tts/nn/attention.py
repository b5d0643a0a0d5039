"""Self-attention with rotary positions: over whole sequences with a mask, or step by step with a ring of keys and values.

Letters: B batch, T positions, D width, H heads, E width of one head, W window (positions that a step can look back on).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


def rotary_angles(positions: Tensor, width: int) -> Tensor:
    """Angles (T, width / 2) of rotary embedding for positions (T,) (RoFormer, arXiv 2104.09864, eq. 15)."""
    frequencies = 10_000.0 ** (-torch.arange(0, width, 2, device=positions.device, dtype=torch.float32) / width)
    return positions.float()[:, None] * frequencies


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn the two halves of the last axis of (B, H, T, E) by angles (T, E / 2)."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attention (B, H, T, E) under a bool mask, True where a query may look.

    For bfloat16 on a CPU, that is in training, torch's fused kernel takes two to four times as long as the formula.
    """
    if query.dtype != torch.bfloat16 or query.device.type != "cpu":
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
    return scores.masked_fill(~mask, -torch.inf).softmax(-1).to(value.dtype) @ value


@dataclass
class AttentionState:
    """The last W keys and values of one layer.

    Attributes:
        keys: (B, H, W, E), already rotated.
        values: (B, H, W, E).
        position: how many positions have gone by; slot of the next one is position modulo W.
    """

    keys: Tensor
    values: Tensor
    position: int = 0


class SelfAttention(nn.Module):
    """Multi-head self-attention, (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, n_heads: int, window: int | None = None) -> None:
        """Make the layer; window is how many past positions a state keeps (None: no state possible)."""
        super().__init__()
        self.n_heads, self.window = n_heads, window
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def init_state(self, batch_size: int) -> AttentionState:
        """Make the state before the first position."""
        assert self.window is not None, "this attention was made without a window"
        weight = self.qkv.weight
        shape = (batch_size, self.n_heads, self.window, weight.shape[1] // self.n_heads)
        return AttentionState(weight.new_zeros(shape), weight.new_zeros(shape))

    def project(self, x: Tensor, angles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys (both rotated) and values, each (B, H, T, E)."""
        query, key, value = (part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        return rotate(query, angles), rotate(key, angles), value

    def forward(self, x: Tensor, angles: Tensor, mask: Tensor) -> Tensor:
        """Attend over a whole sequence.

        Args:
            x: (B, T, D).
            angles: (T, E / 2) from rotary_angles.
            mask: bool, broadcastable to (B, H, T, T); True where query t may look at key t'.
        """
        query, key, value = self.project(x, angles)
        mixed = attend(query, key, value, mask)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def step(self, x: Tensor, state: AttentionState) -> Tensor:
        """Attend from one new position (B, 1, D) to itself and the last W - 1; the state is updated in place."""
        assert self.window is not None
        angles = rotary_angles(torch.tensor([state.position], device=x.device), state.keys.shape[-1])
        query, key, value = self.project(x, angles)
        slot = state.position % self.window
        state.keys[:, :, slot : slot + 1] = key
        state.values[:, :, slot : slot + 1] = value
        state.position += 1
        filled = min(state.position, self.window)
        mixed = functional.scaled_dot_product_attention(query, state.keys[:, :, :filled], state.values[:, :, :filled])
        return self.out(mixed.transpose(1, 2).flatten(2))

"""A pre-norm transformer block, and stacks of it: for whole sequences, and causal with streaming state.

Letters: B batch, T positions, D width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.nn.attention import AttentionState, SelfAttention, rotary_angles


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer, each behind a norm and a residual."""

    def __init__(self, width: int, n_heads: int, hidden: int, dropout: float = 0.0, window: int | None = None) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, n_heads, window)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def feed_forward(self, x: Tensor) -> Tensor:
        """The second residual branch."""
        return self.dropout(self.contract(functional.gelu(self.expand(self.norm(x)), approximate="tanh")))

    def forward(self, x: Tensor, angles: Tensor, mask: Tensor) -> Tensor:
        """Transform (B, T, D); angles and mask as in SelfAttention.forward."""
        x = x + self.dropout(self.attention(self.attention_norm(x), angles, mask))
        return x + self.feed_forward(x)

    def step(self, x: Tensor, state: AttentionState) -> Tensor:
        """Transform one new position (B, 1, D); the state is updated in place."""
        x = x + self.attention.step(self.attention_norm(x), state)
        return x + self.feed_forward(x)


class Transformer(nn.Module):
    """A stack of blocks and a last norm."""

    blocks: Sequence[TransformerBlock]

    def __init__(
        self, width: int, n_heads: int, hidden: int, n_blocks: int, dropout: float = 0.0, window: int | None = None
    ) -> None:
        super().__init__()
        self.head_width = width // n_heads
        blocks = (TransformerBlock(width, n_heads, hidden, dropout, window) for _ in range(n_blocks))
        self.blocks = nn.ModuleList(blocks)  # type: ignore[assignment]
        self.norm = nn.LayerNorm(width)
        for block in self.blocks:
            for layer in (block.attention.out, block.contract):
                nn.init.normal_(layer.weight, std=0.02 / (2 * n_blocks) ** 0.5)
                nn.init.zeros_(layer.bias)

    def init_state(self, batch_size: int) -> list[AttentionState]:
        """Make the state before the first position, one entry per block."""
        return [block.attention.init_state(batch_size) for block in self.blocks]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Transform (B, T, D); mask is broadcastable to (B, H, T, T), True where a query may look."""
        angles = rotary_angles(torch.arange(x.shape[1], device=x.device), self.head_width)
        for block in self.blocks:
            x = block(x, angles, mask)
        return self.norm(x)

    def step(self, x: Tensor, state: list[AttentionState]) -> Tensor:
        """Transform one new position (B, 1, D); the state is updated in place."""
        for block, block_state in zip(self.blocks, state, strict=True):
            x = block.step(x, block_state)
        return self.norm(x)

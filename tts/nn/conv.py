"""Causal convolution with streaming state, and the ConvNeXt block built on it.

A causal convolution here sees the last `kernel_size` frames and no later one. Without a state the past is zeros; with a state
it is what came before, so that any chunking of the input gives the same output. Letters: B batch, T frames, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class CausalDepthwiseConv(nn.Module):
    """Depthwise convolution over time, (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, kernel_size: int) -> None:
        super().__init__()
        self.context = kernel_size - 1
        self.conv = nn.Conv1d(width, width, kernel_size, groups=width)

    def init_state(self, batch_size: int) -> Tensor:
        """Make the state before the first frame: (B, context, D) zeros."""
        return self.conv.weight.new_zeros(batch_size, self.context, self.conv.in_channels)

    def forward(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """Convolve; a given state is updated in place."""
        past = x.new_zeros(x.shape[0], self.context, x.shape[2]) if state is None else state.to(x.dtype)
        joined = torch.cat((past, x), dim=1)
        if state is not None:
            state.copy_(joined[:, -self.context :])
        return self.conv(joined.transpose(1, 2)).transpose(1, 2)


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution, norm, two linear layers, residual (arXiv 2201.03545, in one dimension as in Vocos).

    Args:
        width: channels.
        hidden: width between the linear layers.
        kernel_size: frames that the convolution sees.
        is_causal: later frames are not seen; otherwise the convolution is centred.
        scale: first value of the residual branch's learned factor.
    """

    def __init__(self, width: int, hidden: int, kernel_size: int = 7, *, is_causal: bool = True, scale: float = 0.2) -> None:
        super().__init__()
        self.is_causal = is_causal
        self.depthwise = CausalDepthwiseConv(width, kernel_size)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)
        self.scale = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """Transform (B, T, D); a given state (causal blocks only) is updated in place."""
        if self.is_causal:
            y = self.depthwise(x, state)
        else:
            ahead = self.depthwise.context // 2
            y = self.depthwise(functional.pad(x, (0, 0, 0, ahead)))[:, ahead:]
        y = self.contract(functional.gelu(self.expand(self.norm(y)), approximate="tanh"))
        return x + self.scale * y

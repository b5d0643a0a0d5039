"""Text encoder and duration predictor: tokens to one state and one duration each. Letters: B batch, S tokens, D width."""

from __future__ import annotations

from torch import Tensor, nn

from tts.models.config import TextEncoderConfig
from tts.nn.conv import ConvNeXtBlock
from tts.nn.transformer import Transformer

N_STRESS, N_PLACES = 3, 4  # values of a token's stress and place (text/symbols.py)


class TextEncoder(nn.Module):
    """Tokens (B, S, 3) to memory (B, S, D)."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.symbol = nn.Embedding(config.n_symbols, config.width)
        self.stress = nn.Embedding(N_STRESS, config.width)
        self.place = nn.Embedding(N_PLACES, config.width)
        self.convs = nn.ModuleList(
            ConvNeXtBlock(config.width, 2 * config.width, 5, is_causal=False) for _ in range(config.n_conv_blocks)
        )
        self.transformer = Transformer(config.width, config.n_heads, config.hidden, config.n_blocks, config.dropout)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Encode.

        Args:
            tokens: int64 (B, S, 3): id, stress, place.
            mask: bool (B, S), True = real data.

        Returns:
            (B, S, D).
        """
        keep = mask[..., None].to(self.symbol.weight.dtype)
        x = self.symbol(tokens[..., 0]) + self.stress(tokens[..., 1]) + self.place(tokens[..., 2])
        for block in self.convs:
            x = block(x * keep)
        return self.transformer(x, mask[:, None, None])


class DurationPredictor(nn.Module):
    """Memory (B, S, D) to the natural log of each token's frames (B, S)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, 2 * width, 3, is_causal=False) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.constant_(self.out.bias, 2.0)  # 7 frames, the usual length of a phone

    def forward(self, memory: Tensor, mask: Tensor) -> Tensor:
        """Predict; mask is bool (B, S), True = real data."""
        x = memory
        for block in self.blocks:
            x = block(x * mask[..., None].to(x.dtype))
        return self.out(self.norm(x)).squeeze(-1).float()

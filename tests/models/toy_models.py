"""What the tests of the models share: a small encoder, weights far from their start, tokens."""

import torch
from torch import nn

from tts.models.config import TextEncoderConfig

ENCODER = TextEncoderConfig(n_symbols=30, width=8, n_heads=2, hidden=16, n_blocks=2, n_conv_blocks=1)


def stir(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give all weights values of a size that lets every input matter."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


def draw_tokens(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(0, high, shape, generator=generator) for high in (30, 3, 4)], dim=-1)

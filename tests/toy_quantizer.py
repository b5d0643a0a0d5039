"""A quantiser with random codebooks: what one level leaves is quantised by the next."""

import torch
from torch import Tensor, nn

from tts.models.quantizer_config import QuantizerConfig


class ToyQuantizer(nn.Module):
    def __init__(self, n_mels: int = 5, patch_size: int = 2, codebook_size: int = 6, n_levels: int = 3) -> None:
        super().__init__()
        self.config = QuantizerConfig(
            kind="rvq", n_mels=n_mels, patch_size=patch_size, codebook_size=codebook_size, n_levels=n_levels, latent_dim=n_mels
        )
        self.n_levels, self.codebook_size = n_levels, codebook_size
        generator = torch.Generator().manual_seed(5)
        books = torch.randn(n_levels, codebook_size, patch_size * n_mels, generator=generator)
        self.books = nn.Parameter(books * 0.5 ** torch.arange(n_levels)[:, None, None])

    def encode(self, frames: Tensor) -> Tensor:
        rest, codes = frames.unflatten(1, (-1, self.config.patch_size)).flatten(2), []
        for book in self.books:
            codes.append((rest[..., None, :] - book).square().sum(-1).argmin(-1))
            rest = rest - book[codes[-1]]
        return torch.stack(codes, dim=-1)

    def decode(self, codes: Tensor) -> Tensor:
        patches = sum(book[codes[..., level]] for level, book in enumerate(self.books))
        return patches.unflatten(-1, (self.config.patch_size, -1)).flatten(1, 2)

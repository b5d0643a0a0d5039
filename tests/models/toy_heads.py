"""Small heads of all kinds, and their densities."""

import torch
from torch import nn
from toy_models import stir
from toy_quantizer import ToyQuantizer

from tts.models.config import AcousticConfig, HeadConfig, TextEncoderConfig
from tts.models.heads import FrameDistribution, build_head

WIDTH, PATCH_SIZE, N_MELS = 8, 2, 5
GAUSSIANS = ["gaussian", "low_rank", "full"]
MIXTURES = ["mixture", "experts"]
CONTINUOUS = [*GAUSSIANS, *MIXTURES, "regression"]
KINDS = [*CONTINUOUS, "codes"]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def new_head(kind: str, **settings) -> nn.Module:
    """A head as training begins with it."""
    torch.manual_seed(3)
    head = HeadConfig(kind=kind, hidden=16, rank=2, n_components=3, **settings)
    encoder = TextEncoderConfig(width=WIDTH)
    config = AcousticConfig(n_mels=N_MELS, patch_size=PATCH_SIZE, encoder=encoder, head=head)
    return build_head(config, ToyQuantizer(N_MELS, PATCH_SIZE) if kind == "codes" else None)


def density_of(kind: str, n_patches: int = 4, rows: int = 2) -> FrameDistribution:
    """A density (rows, 2 * n_patches, 5) far from its start."""
    with torch.no_grad():
        return stir(new_head(kind))(draw(rows, n_patches, WIDTH))


def many(kind: str, count: int) -> FrameDistribution:
    """The density of one patch, `count` times."""
    with torch.no_grad():
        return stir(new_head(kind))(draw(1, 1, WIDTH).expand(count, 1, WIDTH))

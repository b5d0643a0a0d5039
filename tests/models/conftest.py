"""A small acoustic model and its tokens."""

import pytest
import torch
from toy_models import ENCODER, draw_tokens, stir
from toy_quantizer import ToyQuantizer

from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig, HeadConfig

torch.set_num_threads(1)


@pytest.fixture(params=["gaussian", "low_rank", "mixture", "codes"])
def acoustic(request) -> AcousticModel:
    head = HeadConfig(kind=request.param, hidden=16, rank=2, n_components=3)
    config = AcousticConfig(
        n_mels=5,
        patch_size=2,
        encoder=ENCODER,
        head=head,
        conditioner_blocks=1,
        backbone_blocks=2,
        n_heads=2,
        hidden=16,
        window=4,
    )
    return stir(AcousticModel(config, ToyQuantizer() if request.param == "codes" else None))


@pytest.fixture
def tokens() -> torch.Tensor:
    return draw_tokens(2, 6)

"""A small vocoder whose layers are far from their start, and its inputs."""

import pytest
import torch

from tts.codec.config import VocoderConfig
from tts.codec.vocoder import Vocoder

torch.set_num_threads(1)


@pytest.fixture
def config() -> VocoderConfig:
    return VocoderConfig(n_fft=64, hop_length=16, n_mels=10, width=8, hidden=16, n_blocks=2, kernel_size=3, lookahead=3)


@pytest.fixture
def vocoder(config) -> Vocoder:
    torch.manual_seed(0)
    model = Vocoder(config).eval()
    for name, parameter in model.named_parameters():
        if "norm" not in name and "f0" not in name:
            torch.nn.init.normal_(parameter, std=0.3)
    torch.nn.init.normal_(model.f0_head.weight, std=0.1)
    return model


@pytest.fixture
def mel() -> torch.Tensor:
    return torch.randn(2, 19, 10, generator=torch.Generator().manual_seed(1)) - 3

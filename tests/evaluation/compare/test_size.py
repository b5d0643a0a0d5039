import pytest

from tts.errors import InputError
from tts.evaluation.compare.size import TOLERANCE, count_parameters, equalise
from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig, HeadConfig, TextEncoderConfig
from tts.models.quantizer_config import QuantizerConfig

ENCODER = TextEncoderConfig(n_symbols=40, width=32, n_heads=2, hidden=64, n_blocks=1, n_conv_blocks=1)


def config(head: HeadConfig, **settings) -> AcousticConfig:
    return AcousticConfig(
        n_mels=20, encoder=ENCODER, head=head, conditioner_blocks=1, backbone_blocks=1, n_heads=2, hidden=64, **settings
    )


REFERENCE = config(HeadConfig(hidden=256))
RVQ = QuantizerConfig(kind="rvq", n_mels=20, codebook_size=16, n_levels=2, latent_dim=8, hidden=16)


@pytest.mark.parametrize(
    "other",
    [
        config(HeadConfig(kind="low_rank", rank=4)),
        config(HeadConfig(kind="mixture", n_components=4)),
        config(HeadConfig(kind="experts", n_components=3)),
        config(HeadConfig(kind="regression")),
        config(HeadConfig(kind="codes"), quantizer=RVQ),
        config(HeadConfig(), patch_size=2),
    ],
    ids=lambda c: f"{c.head.kind}-{c.patch_size}",
)
def test_every_head_is_brought_to_the_size_of_the_reference(other):
    target = count_parameters(REFERENCE)
    equal = equalise(other, target)
    assert abs(count_parameters(equal) - target) <= TOLERANCE * target
    assert equal.model_copy(update={"head": other.head}) == other


def test_a_frozen_quantiser_does_not_count():
    model = config(HeadConfig(kind="codes"), quantizer=RVQ)
    whole = sum(parameter.numel() for parameter in AcousticModel(model).parameters())
    assert count_parameters(model) < whole


def test_a_model_that_is_too_large_without_its_head_is_refused():
    with pytest.raises(InputError, match="change the widths of the backbone"):
        equalise(config(HeadConfig()), 1000)

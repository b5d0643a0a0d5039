"""Who speaks, as the model hears it."""

import pytest
import torch
from pydantic import ValidationError
from toy_models import ENCODER, draw_tokens, stir

from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig, SpeakerConfig
from tts.models.speakers import UNKNOWN

SIZES = {
    "n_mels": 5,
    "patch_size": 2,
    "encoder": ENCODER,
    "conditioner_blocks": 1,
    "backbone_blocks": 1,
    "n_heads": 2,
    "hidden": 16,
}
ALONE = AcousticConfig(**SIZES)
MASK = torch.ones(2, 6, dtype=torch.bool)


def make(kind: str, *names: str) -> AcousticModel:
    torch.manual_seed(0)
    return AcousticModel(AcousticConfig(**SIZES, speakers=SpeakerConfig(kind=kind, names=names)))


@pytest.mark.parametrize("kind", ["table", "reference"])
def test_a_new_model_of_several_speakers_is_the_model_of_one(kind):
    torch.manual_seed(0)
    alone, model, tokens = AcousticModel(ALONE).eval(), make(kind, "anna", "bert").eval(), draw_tokens(2, 6)
    given = model.state_dict()
    assert all(torch.equal(value, given.pop(name)) for name, value in alone.state_dict().items())
    assert given and all(name.startswith("speakers.") for name in given)
    told = model.encode(tokens, MASK, torch.randn(2, 256))
    assert all(torch.equal(one, other) for one, other in zip(alone.encode(tokens, MASK), told, strict=True))


@pytest.mark.parametrize("kind", ["table", "reference"])
def test_who_speaks_is_heard_in_memory_and_durations(kind):
    model, tokens = stir(make(kind, "anna", "bert")), draw_tokens(1, 6).expand(2, -1, -1)
    for heard in model.encode(tokens, MASK, torch.randn(2, 256, generator=torch.Generator().manual_seed(1))):
        assert (heard[0] - heard[1]).abs().max() > 1e-3


def test_a_table_learns_its_rows_and_one_whom_it_does_not_know_is_the_mean_of_all():
    speakers = stir(make("table", "anna", "bert")).speakers
    vectors = speakers.look_up(torch.tensor([1, UNKNOWN]))
    assert torch.equal(vectors[0], speakers.vectors[1]) and torch.equal(vectors[1], speakers.vectors.mean(0))
    speakers(vectors[:1]).sum().backward()
    assert speakers.table.weight.grad[1].abs().min() > 0 and not speakers.table.weight.grad[0].any()


def test_a_reference_is_taken_as_it_is_or_by_name():
    speakers = make("reference", "anna", "bert").speakers
    speakers.known.normal_()
    given = torch.randn(2, 256)
    assert torch.equal(speakers.look_up(given), given)
    assert torch.equal(speakers.look_up(torch.tensor([1, 0])), speakers.known.flip(0))


def test_settings_without_speakers_are_written_as_they_were_before_there_were_any():
    assert "speakers" not in ALONE.model_dump() and "speakers" not in ALONE.model_dump_json()
    several = make("table", "anna").config
    assert AcousticConfig.model_validate_json(several.model_dump_json()) == several
    assert AcousticConfig.model_validate_json(ALONE.model_dump_json()) == ALONE


@pytest.mark.parametrize("wrong", [{"kind": "reference", "dim": 64}, {"names": ("anna", "anna")}, {"names": ("",)}])
def test_settings_that_make_no_speakers_are_refused(wrong):
    with pytest.raises(ValidationError, match=r"leave dim = 64 out|a name of their own"):
        SpeakerConfig(**wrong)

"""Voice folders and the settings of a request."""

import shutil

import pytest
from pydantic import ValidationError

from tts import InputError, SamplingConfig
from tts.inference.voices import find_voice, hash_file, load_voice


def test_a_packaged_voice_loads_with_what_it_was_made_of(tiny_voice, tiny_acoustic, tiny_vocoder):
    voice = load_voice(tiny_voice)
    assert voice.config.acoustic == tiny_acoustic.config and voice.config.vocoder == tiny_vocoder.config
    mean, std = voice.mel_scale()
    assert mean.tolist() == [1.0] * 20 and std.tolist() == [1.5] * 20


def test_every_file_but_config_and_card_is_under_its_hash(tiny_voice):
    hashes = load_voice(tiny_voice).config.sha256
    assert hashes.keys() == {path.name for path in tiny_voice.iterdir()} - {"config.json", "README.md"}
    assert all(hash_file(tiny_voice / name) == value for name, value in hashes.items())


@pytest.mark.parametrize(
    "name", ["symbols.json", "model.safetensors", "encode.onnx", "condition.onnx", "step.onnx", "vocode.onnx"]
)
def test_one_flipped_bit_is_found(tiny_voice, tmp_path, name):
    folder = shutil.copytree(tiny_voice, tmp_path / "voice")
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 64
    (folder / name).write_bytes(data)
    with pytest.raises(InputError, match=f"{name}: damaged voice"):
        load_voice(folder)


def test_a_folder_without_a_voice_is_no_voice(tmp_path):
    for name in (tmp_path, "nobody", ""):
        with pytest.raises(InputError, match="unknown voice"):
            find_voice(name)


@pytest.mark.parametrize(
    "settings",
    [
        {"speed": float("nan")},
        {"speed": 5},
        {"temperature": float("inf")},
        {"seed": -1},
        {"seed": 2**63},
        {"pause": 11},
        {"sped": 1},
    ],
)
def test_absurd_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        SamplingConfig(**settings)

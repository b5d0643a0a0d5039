"""Voice folders and the settings of a request."""

import shutil

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tts import TTS, InputError, SamplingConfig
from tts.inference import voices
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.inference.packing import to_int8
from tts.inference.voices import find_twin, find_voice, hash_file, load_voice
from tts.text.symbols import DEFAULT_SYMBOLS


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


@pytest.fixture
def light(tiny_acoustic, tiny_vocoder, tiny_voice, tmp_path, monkeypatch):
    """A light voice that shares files with the bundled voice `tiny`, and the folder of the bundled ones."""
    monkeypatch.setattr(voices, "BUNDLED", tmp_path)
    shutil.copytree(tiny_voice, tmp_path / "tiny")
    facts = VoiceFacts("tiny-light", "Apache-2.0", "Noise.")
    packing = Packing(int8=("step",), is_light=True, share_with="tiny")
    package_voice(tiny_acoustic, tiny_vocoder, DEFAULT_SYMBOLS, tmp_path / "tiny-light", facts, packing)
    return tmp_path / "tiny-light"


def test_a_light_voice_is_small_and_says_nearly_the_same(light, tiny_voice):
    voice = load_voice(light)
    full, kept = ((folder / "model.safetensors").stat().st_size for folder in (tiny_voice, light))
    assert kept < 0.6 * full and voice.config.is_light
    sampling = SamplingConfig(seed=11, temperature=0.3)
    actual, expected = (TTS.load(folder).synthesize("Hello there.", sampling) for folder in (light, tiny_voice))
    assert actual.words == expected.words
    np.testing.assert_allclose(actual.mel, expected.mel, atol=0.15)
    with pytest.raises(InputError, match=r"speaking alone.*onnx"):
        TTS.load(light, backend="torch")


@pytest.mark.parametrize("shape", [(8, 16), (1, 8, 16), (8, 4, 3)])
def test_every_row_in_int8_has_its_own_scale(shape):
    torch.manual_seed(0)
    louder = torch.logspace(0, 4, 8).view([8 if size == 8 else 1 for size in shape])
    value = torch.randn(shape) * louder
    kept = to_int8({"weight": value, "bias": torch.ones(64)})
    wide = kept["weight"] * kept["weight.scale"]
    assert kept["weight"].dtype == torch.int8 and kept["bias"].dtype == torch.float16
    assert ((wide - value).abs() <= kept["weight.scale"] / 2 * 1.001).all()
    assert kept["weight.scale"].numel() == 8


def test_files_that_a_bundled_voice_has_too_are_left_to_it(light, tmp_path):
    assert load_voice(light).config.shared == {"symbols.json": "tiny"} and not (light / "symbols.json").exists()
    shutil.rmtree(tmp_path / "tiny")
    with pytest.raises(InputError, match=r"symbols\.json from the voice 'tiny', which is not here"):
        load_voice(light)


def test_a_file_is_shared_with_no_folder_outside(light):
    config = light / "config.json"
    config.write_text(config.read_text().replace('"symbols.json": "tiny"', '"symbols.json": "../tiny"'))
    with pytest.raises(InputError, match="not here"):
        load_voice(light)


def test_a_twin_is_found_by_its_head(light, tmp_path, tiny_voice):
    light.rename(tmp_path / "tiny-codes")
    for voice in ("tiny", tmp_path / "tiny"):
        assert find_twin(voice, "gaussian") == str(voice)
        assert find_twin(voice, "vq") == find_twin(voice, "codes") == str(tmp_path / "tiny-codes")
    with pytest.raises(InputError, match=r"no voice tiny-mixture beside 'tiny': take one of codes, gaussian"):
        find_twin("tiny", "mixture")


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

"""Speaking as one of several: by name, with both backends, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tts import TTS, InputError, SamplingConfig
from tts.data.dataset import Utterance
from tts.inference.best_of import BestOf
from tts.inference.calibrate import add_hash, add_normal
from tts.inference.export import export_aligner
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.inference.scoring import as_said_by, read_utterances, score_speech, tokens_of
from tts.inference.voices import ALIGNER_NAME, load_voice
from tts.models.acoustic import AcousticModel
from tts.models.config import SpeakerConfig
from tts.text.symbols import DEFAULT_SYMBOLS

TEXT = "Hello there."


@pytest.fixture(scope="module")
def choir(choir_voice, shared_g2p):
    return TTS.load(choir_voice)


def say(tts: TTS, speaker: str | None = None) -> np.ndarray:
    return tts.synthesize(TEXT, SamplingConfig(seed=3, speaker=speaker)).mel


def differs(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape != other.shape or float(np.abs(one - other).max()) > 1e-2


def test_everybody_speaks_otherwise_and_the_first_by_default(choir):
    anna, bert = say(choir, "anna"), say(choir, "bert")
    assert differs(anna, bert) and np.array_equal(say(choir), anna)
    other = choir.with_speaker("bert")
    assert np.array_equal(say(other), bert) and np.array_equal(say(other, "anna"), anna) and np.array_equal(say(choir), anna)


def test_both_backends_agree_on_who_speaks(choir, choir_voice):
    reference = TTS.load(choir_voice, backend="torch")
    for name in ("anna", "bert"):
        np.testing.assert_allclose(say(choir, name), say(reference, name), atol=1e-3)


def test_a_vector_of_ones_own_is_a_speaker_too(choir):
    rng = np.random.default_rng(0)
    vectors = {name: rng.normal(size=256).astype(np.float32) / 16 for name in "xy"}
    guests = choir.with_speaker("anna")
    guests.speakers = type(choir.speakers)("choir", choir.speakers.vectors | vectors, "x", True)
    assert differs(say(guests, "x"), say(guests, "y")) and np.array_equal(say(guests, "anna"), say(choir))


@pytest.mark.parametrize("name", ["carl", "../anna", "/etc/passwd", ""])
def test_a_name_that_is_none_is_refused_and_no_file_is_opened(choir, name):
    with pytest.raises(InputError, match=r"unknown speaker .*voice 'choir' has anna, bert"):
        choir.synthesize(TEXT, SamplingConfig(speaker=name))
    with pytest.raises(InputError, match=r"unknown speaker"):
        choir.with_speaker(name)


def test_a_voice_of_one_speaker_has_no_other(onnx_tts, tmp_path):
    for name in ("anna", Path("take.wav")):
        with pytest.raises(InputError, match="voice 'tiny' has one speaker"):
            onnx_tts.with_speaker(name)
    with pytest.raises(InputError, match=r"speaker 'anna': voice 'tiny' has one speaker; leave it out"):
        onnx_tts.synthesize(TEXT, SamplingConfig(speaker="anna"))
    assert not onnx_tts.speakers.vectors and as_said_by(onnx_tts, "anna") is onnx_tts


def test_what_a_speaker_said_is_judged_as_theirs(choir):
    sampling = SamplingConfig(seed=3, speaker="bert")
    mel = choir.synthesize(TEXT, sampling).mel
    own = score_speech(choir, TEXT, sampling, mel)
    assert np.array_equal(own.mean, score_speech(as_said_by(choir, "bert"), TEXT, SamplingConfig(seed=3), mel).mean)


def test_a_voice_hears_each_clip_as_its_speaker(choir, choir_voice, tiny_aligner, tmp_path):
    folder = shutil.copytree(choir_voice, tmp_path / "choir")
    export_aligner(tiny_aligner, folder / ALIGNER_NAME)
    add_hash(folder, ALIGNER_NAME)
    tokens, nothing = tokens_of(read_utterances(choir, TEXT)[0]), np.zeros(0)
    mel = choir.synthesize(TEXT, SamplingConfig(seed=1, temperature=1.0, speaker="bert")).mel

    def clips(name: str) -> list[Utterance]:
        return [Utterance({"speaker": name}, mel, nothing, nothing, tokens, None)]

    assert add_normal(folder, clips("anna")) == add_normal(folder, clips("")) != add_normal(folder, clips("bert"))
    best = BestOf(TTS.load(folder), 2)
    assert differs(say(best, "anna"), say(best, "bert")) and np.array_equal(say(best.with_speaker("bert")), say(best, "bert"))


def test_the_files_of_several_speakers_are_checked(choir_voice, tmp_path):
    assert load_voice(choir_voice).config.speaker_names == ("anna", "bert")
    folder = shutil.copytree(choir_voice, tmp_path / "choir")
    (folder / "speakers.safetensors").unlink()
    with pytest.raises(InputError, match=r"speakers.safetensors: damaged voice"):
        TTS.load(folder)


def test_a_table_is_packed_and_speaks_by_no_recording(tiny_acoustic, tiny_vocoder, tmp_path):
    config = tiny_acoustic.config.model_copy(update={"speakers": SpeakerConfig(dim=8, names=("anna", "bert"))})
    model = AcousticModel(config).eval()
    model.load_state_dict(tiny_acoustic.state_dict(), strict=False)
    torch.nn.init.normal_(model.speakers.projection.weight)
    packing = Packing(int8=(), is_light=True)
    package_voice(model, tiny_vocoder, DEFAULT_SYMBOLS, tmp_path / "table", VoiceFacts("table", "CC0-1.0", "Two."), packing)
    tts = TTS.load(tmp_path / "table")
    np.testing.assert_array_equal(tts.speakers.vectors["bert"], model.speakers.vectors[1].detach().numpy())
    assert differs(say(tts, "anna"), say(tts, "bert"))
    with pytest.raises(InputError, match="voice 'table' has anna, bert, and cannot speak by recordings"):
        tts.with_speaker(Path("take.wav"))
    with pytest.raises(InputError, match="'table' has several speakers, and directions are of one"):
        package_voice(
            model,
            tiny_vocoder,
            DEFAULT_SYMBOLS,
            tmp_path / "steered",
            VoiceFacts("table", "CC0-1.0", "Two."),
            Packing(parts={"steering.safetensors": tmp_path}),
        )


def test_the_missing_extra_is_named_in_one_line(choir, tmp_path, monkeypatch):
    from tts.audio.io import write_audio
    from tts.audio.speaker import _resemblyzer

    path = tmp_path / "take.wav"
    write_audio(path, np.zeros(1_000, np.float32), 16_000)
    with pytest.raises(InputError, match=r"take.wav: 0.06 s are too short to tell a speaker by; take 1 s or more"):
        choir.with_speaker(path)
    write_audio(path, 0.1 * np.ones(20_000, np.float32), 16_000)
    _resemblyzer.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "resemblyzer", None)
    with pytest.raises(InputError, match=r"needs resemblyzer, which comes with the extra \[speakers\]: pip install"):
        choir.with_speaker(path)

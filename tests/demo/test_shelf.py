"""The shelf of voices."""

import shutil

import numpy as np
import pytest

from tts import InputError, SamplingConfig
from tts.demo.shelf import Shelf
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.inference.voices import CODEBOOK_NAME
from tts.models.codebook import Codebook, CodebookFacts, write_codebook
from tts.text.symbols import DEFAULT_SYMBOLS


def test_a_voice_is_opened_once_and_its_card_is_read(shelf):
    assert shelf.names == ["tiny"]
    assert shelf.get("tiny") is shelf.get("tiny")
    assert shelf.card("tiny").startswith("# tiny")


def test_a_voice_that_is_open_already_is_taken_as_it_is(tts):
    assert Shelf({"mine": tts}).get("mine") is tts


def test_a_folder_is_no_name(shelf, tiny_voice, tmp_path):
    shutil.copytree(tiny_voice, tmp_path / "other")
    for name in (str(tiny_voice), str(tmp_path / "other"), "../tiny", "heart", "someone/tiny", ""):
        with pytest.raises(InputError, match="unknown voice"):
            shelf.get(name)


def test_a_voice_with_a_codebook_is_offered_mapped_to_it_too(tiny_acoustic, tiny_vocoder, tmp_path):
    rng = np.random.default_rng(3)
    facts = CodebookFacts(space="frame", size=4, n_mels=20, patch_size=1, mel={}, seed=0, n_rows=0, error=0.0)
    entries = rng.normal(size=(4, 20)).astype(np.float32)
    write_codebook(tmp_path / "book.safetensors", Codebook(entries, np.zeros(20, np.float32), np.ones(20, np.float32), facts))
    packing = Packing({CODEBOOK_NAME: tmp_path / "book.safetensors"}, int8=())
    package_voice(tiny_acoustic, tiny_vocoder, DEFAULT_SYMBOLS, tmp_path / "it", VoiceFacts("it", "MIT", "Noise."), packing)
    shelf = Shelf({"it": tmp_path / "it"})
    assert shelf.names == ["it", "it mapped to codes"]
    mel = shelf.get("it mapped to codes").synthesize("Hello.", SamplingConfig(seed=1)).mel
    assert len(np.unique(mel.round(4), axis=0)) <= 4
    assert shelf.get("it mapped to codes").backend is shelf.get("it").backend


def test_a_voice_of_several_speakers_is_offered_as_each_of_them(choir_voice):
    shelf = Shelf({"choir": choir_voice})
    assert shelf.names == ["choir", "choir as bert"]
    anna, bert = (shelf.get(name) for name in shelf.names)
    assert bert.backend is anna.backend
    heard = bert.synthesize("Hello.", SamplingConfig(seed=1)).mel
    assert np.array_equal(heard, anna.synthesize("Hello.", SamplingConfig(seed=1, speaker="bert")).mel)
    assert heard.shape != (mel := anna.synthesize("Hello.", SamplingConfig(seed=1)).mel).shape or not np.allclose(heard, mel)


def test_an_empty_shelf_is_refused():
    with pytest.raises(InputError, match="no voice"):
        Shelf({})

"""Generated mels: a features folder like its source, aligned with its recordings, of one shard or many."""

import json
import shutil

import numpy as np
import pytest

from tts.data.dataset import FeatureFolder
from tts.training import generate
from tts.training.generate import generate_features
from tts.training.recipes import build_task


@pytest.fixture
def model(make_recipe):
    return build_task(make_recipe("acoustic"), "cpu").model.eval()


def make(model, source, out, hours=1.0):
    return list(generate_features(model, source, out, temperature=0.3, hours=hours))[-1]


def test_only_the_mel_is_new(model, features, tmp_path):
    n_done = make(model, features, tmp_path / "made")
    source = {u.row["id"]: u for split in ("train", "valid") for u in FeatureFolder(features, split)}
    made = [u for split in ("train", "valid") for u in FeatureFolder(tmp_path / "made", split)]
    assert len(made) == len(source) == n_done
    for utterance in made:
        before = source[utterance.row["id"]]
        assert utterance.mel.shape == before.mel.shape and not np.array_equal(utterance.mel, before.mel)
        assert np.array_equal(utterance.waveform, before.waveform) and np.array_equal(utterance.tokens, before.tokens)


def test_a_folder_of_shards_gives_shards_and_no_more_hours_than_are_asked_for(model, features, tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "BATCH_FRAMES", 1)
    many = tmp_path / "many"
    for name in ("a", "b"):
        shutil.copytree(features, many / name)
    for name in ("symbols.json", "mel.json"):
        shutil.copy(features / name, many / name)
    (many / "shards.json").write_text(json.dumps({"shards": ["a", "b"]}))
    n_all = make(model, many, tmp_path / "all")
    n_few = make(model, many, tmp_path / "few", hours=1e-6)
    assert n_all == 2 * make(model, features, tmp_path / "one")
    assert len(FeatureFolder(tmp_path / "all", "train")) == 2 * len(FeatureFolder(features, "train"))
    assert n_few < n_all and len(FeatureFolder(tmp_path / "few", "valid")) == 2 * len(FeatureFolder(features, "valid"))

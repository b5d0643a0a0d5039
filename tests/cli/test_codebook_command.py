"""`tts codebook`."""

import json

import numpy as np
import pytest

from tts.models.codebook import read_codebook
from tts.text.symbols import DEFAULT_SYMBOLS


@pytest.fixture
def features(tmp_path):
    """Features of three utterances of noise."""
    folder, rng = tmp_path / "features", np.random.default_rng(0)
    folder.mkdir()
    np.save(folder / "mel.npy", rng.normal(-5, 2, (150, 10)).astype(np.float16))
    for name, width in (("waveform", ()), ("f0", ()), ("tokens", (3,))):
        np.save(folder / f"{name}.npy", np.zeros((150, *width), np.int16))
    rows = [{"id": str(i), "split": "valid" if i == 2 else "train", "mel": [50 * i, 50], "tokens": [0, 1]} for i in range(3)]
    rows = [row | {"waveform": [0, 1], "f0": [0, 1]} for row in rows]
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "mel.json").write_text('{"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 10, "floor": 1e-5}')
    (folder / "symbols.json").write_text(DEFAULT_SYMBOLS.to_json())
    return folder


def test_a_codebook_is_fitted_to_features(run, features, tmp_path):
    path = tmp_path / "books" / "one.safetensors"
    result = run("codebook", features, "-o", path, "--size", 8, "--patch-size", 2, "--seed", 3)
    assert result.status == 0 and "8 entries of 2 frames, fitted to 50; held-out error" in result.err
    made = read_codebook(path)
    assert made.entries.shape == (8, 20) and (made.facts.space, made.facts.seed) == ("patch", 3)
    np.testing.assert_allclose(made.mel_mean, np.full(10, -5), atol=1.0)


def test_features_that_are_missing_are_refused(run, tmp_path):
    result = run("codebook", tmp_path / "none", "-o", tmp_path / "books" / "one.safetensors")
    assert result.status == 2 and "no complete features here" in result.err and result.err.count("\n") == 1
    assert run("codebook", tmp_path, "-o", tmp_path / "book", "--size", 1).status == 2

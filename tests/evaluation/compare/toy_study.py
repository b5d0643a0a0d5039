"""A study of toy arms on a features folder of tones, spoken by a voice of random weights."""

import json
from pathlib import Path

import numpy as np
from toy_corpus import make_corpus
from toy_recipes import MEL, MODELS

from tts.data.prepare import prepare
from tts.data.shards import read_rows

STUDY = """
title = "Toys"
features = {features}
hours = 0.0003
reference = "plain"
vocoder = {voice}

[test]
sentences = "sentences.txt"
n_sentences = 2
n_snapshot = {n_snapshot}
n_tuning = 1
n_held_out = 2
n_draws = 2
n_copies = 2
seeds = [1, 2]
snapshots = {snapshots}
temperatures = [0.3, 0.6]

[recipe]
model = {model}
task = {{ steps = 4, batch_frames = 300 }}
optim = {{ warmup_steps = 1 }}
train = {{ log_every = 1, validate_every = 4, checkpoint_minutes = 0 }}

[quantizers.book]
model = {{ kind = "kmeans", codebook_size = 6, patch_size = 2, n_mels = 20 }}

[[arms]]
name = "plain"
label = "plain"
questions = [1, 2, 4]

[[arms]]
name = "pair"
label = "mixture of two"
questions = [1, 2]
recipe = {{ model = {{ head = {{ kind = "mixture", n_components = 2 }} }} }}

[[arms]]
name = "mapped"
label = "mapped"
questions = [4]
like = "plain"
map_to = "book:cosine"
"""


def make_features(folder: Path) -> Path:
    """Features of a dozen clips; every utterance's frames are split evenly among its tokens."""
    for _ in prepare(make_corpus(folder / "corpus", hop_length=MEL.hop_length), folder / "features", mel_config=MEL):
        pass
    durations = []
    for row in read_rows(folder / "features" / "index.jsonl"):
        borders = np.linspace(0, row["mel"][1], row["tokens"][1] + 1).round()
        durations.append(np.diff(borders))
    np.save(folder / "features" / "durations.npy", np.concatenate(durations).astype(np.int16))
    return folder / "features"


def toml_of(value: object) -> str:
    """A nested dict of plain values as an inline table."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml_of(item)}" for name, item in value.items()) + " }"
    return json.dumps(value)


def write_study(folder: Path, features: Path, voice: Path, *, snapshots: tuple[float, ...] = (), changes: str = "") -> Path:
    """Write the study and its sentences; returns the TOML file."""
    (folder / "sentences.txt").write_text("One.\nTwo cats.\nThree dogs sat.\n", encoding="utf-8")
    model = MODELS["acoustic"] | {"n_mels": MEL.n_mels}
    settings = {"features": json.dumps(str(features)), "voice": json.dumps(str(voice)), "model": toml_of(model)}
    text = STUDY.format(**settings, snapshots=list(snapshots), n_snapshot=1) + changes
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"

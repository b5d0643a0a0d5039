"""Several speakers for real: two that are heard apart after a training, and recordings that say who speaks."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
import toy_speech
from toy_corpus import make_corpus
from toy_recipes import MEL, recipe_values
from toy_runs import run

from tts.audio.io import write_audio
from tts.audio.speaker import EMBEDDING_DIM, embed_recording
from tts.cli import main
from tts.data.dataset import FeatureFolder, read_rows
from tts.data.prepare import prepare
from tts.training.batches import collate, encode_batch
from tts.training.recipes import RECIPES, load_model
from tts.training.signs import speak

ROOT = Path(__file__).parents[2]
PITCHES = {"low": 1.0, "high": 1.7}


def prepare_speaker(folder: Path, pitch: float) -> Path:
    """Features of tones by a speaker without a name; every utterance's frames are split evenly among its tokens."""
    corpus = make_corpus(folder / "corpus", n_clips=40, hop_length=MEL.hop_length, pitch=pitch)
    list(prepare(corpus, folder / "features", mel_config=MEL))
    borders = [np.linspace(0, row["mel"][1], row["tokens"][1] + 1) for row in read_rows(folder / "features" / "index.jsonl")]
    np.save(folder / "features" / "durations.npy", np.concatenate([np.diff(row.round()) for row in borders]).astype(np.int16))
    return folder / "features"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    folder, patch = tmp_path_factory.mktemp("speakers"), pytest.MonkeyPatch()
    parts = [f"{name}={prepare_speaker(folder / name, pitch)}" for name, pitch in PITCHES.items()]
    patch.setattr("sys.argv", ["mix.py", str(folder / "mixed"), *parts])
    runpy.run_path(str(ROOT / "recipes/heart/mix.py"), run_name="__main__")
    patch.undo()
    assert main(["speakers", str(folder / "mixed")]) == 0
    assert main(["validate", str(folder / "mixed")]) == 0
    return folder / "mixed"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "reference"])
def test_two_speakers_of_different_pitch_are_heard_apart(mixed, tmp_path, kind):
    task = {"steps": 400, "batch_frames": 2_000, "own_samples_start": 200, "history_drop": 0.5}
    values = recipe_values("acoustic", mixed, tmp_path / "run", model={"speakers": {"kind": kind}}, task=task, optim={"lr": 5e-3})
    run(RECIPES["acoustic"].model_validate(values | {"train": {"validate_every": 400}}))
    model, data = load_model("acoustic", tmp_path / "run"), FeatureFolder(mixed, "valid")
    clips = {name: [data[i] for i in range(len(data)) if data.read_row(i)["speaker"] == name] for name in PITCHES}
    recorded = {name: np.concatenate([clip.mel for clip in own]).astype(np.float32).mean(0) for name, own in clips.items()}
    for name, own in clips.items():
        encoded = encode_batch(model, collate(own, model.config.patch_size, model.config.speakers))
        frames = model.denormalize(speak(model, encoded, 0.3, torch.Generator().manual_seed(0)))
        spoken = frames[encoded.frame_mask].mean(0).detach().numpy()
        far = {other: float(np.abs(spoken - mean).mean()) for other, mean in recorded.items()}
        assert far[name] < 0.5 * far[next(other for other in PITCHES if other != name)], (name, far)


@pytest.mark.slow
def test_recordings_of_two_people_make_the_voice_speak_as_two(choir_voice, tmp_path):
    spoken, vectors = [], []
    for seed in (1, 2):
        path = tmp_path / f"{seed}.wav"
        write_audio(path, np.tile(toy_speech.speech("Nobody slept.", seed), 3), 24_000)
        vectors.append(embed_recording(path))
        settings = ["--speaker", str(path), "--seed", "1", "--timestamps", str(tmp_path / "times.json")]
        assert main(["say", "Hello.", "--voice", str(choir_voice), "-o", str(tmp_path / "out.wav"), *settings]) == 0
        spoken.append((json.loads((tmp_path / "times.json").read_text()), (tmp_path / "out.wav").read_bytes()))
    assert spoken[0] != spoken[1]
    assert all(vector.shape == (EMBEDDING_DIM,) and abs(np.linalg.norm(vector) - 1) < 1e-5 for vector in vectors)
    assert np.array_equal(vectors[0], embed_recording(tmp_path / "1.wav")) and float(vectors[0] @ vectors[1]) < 0.99

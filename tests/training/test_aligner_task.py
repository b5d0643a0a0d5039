"""Training of the aligner on tones, the alignment of a folder, and where its pauses end up."""

import shutil

import numpy as np
import pytest
import torch
from toy_recipes import MEL

from tts.data.dataset import FeatureFolder
from tts.data.rows import LocalRunner, read_rows
from tts.models.alignment import MIN_NEIGHBOUR, SOUNDING_PENALTY, give_silence_to_pauses
from tts.text.symbols import DEFAULT_SYMBOLS
from tts.training import alignment
from tts.training.aligner import collate
from tts.training.alignment import align_folder
from tts.training.loop import train
from tts.training.recipes import build_task


@pytest.fixture
def folder(features, tmp_path):
    """A copy of the features that may be written to, not yet aligned."""
    copy = shutil.copytree(features, tmp_path / "features")
    (copy / "durations.npy").unlink()
    return copy


@pytest.fixture
def aligner(make_recipe, folder):
    """Trains an aligner; returns what align_folder takes, and the losses."""

    def make(steps: int = 80, **rules):
        recipe = make_recipe("aligner", task={"steps": steps, "batch_frames": 600} | rules, optim={"lr": 1e-2})
        recipe = recipe.model_copy(update={"features": folder})
        losses = [row["loss"] for row in train(build_task(recipe, "cpu"), recipe.out, recipe.train, lambda _: 1) if "loss" in row]
        return {"run": recipe.out, "rules": recipe.task, "frame_rate": MEL.frame_rate}, losses

    return make


def test_the_loss_falls_and_the_folder_gets_durations(aligner, folder):
    arguments, losses = aligner()
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert list(align_folder(folder=folder, **arguments))[-1] == 12
    assert read_rows(folder / "dropped.jsonl") == [] and not (folder / "alignment").exists()
    for split in ("train", "valid"):
        data = FeatureFolder(folder, split)
        for index in range(len(data)):
            utterance = data[index]
            assert len(utterance.durations) == len(utterance.tokens)
            assert utterance.durations.sum() == len(utterance.mel) and utterance.durations.min() >= 1


def test_an_implausible_alignment_is_dropped_with_the_reason(aligner, folder):
    arguments, _ = aligner(2, max_token_seconds=0.001)
    list(align_folder(folder=folder, **arguments))
    dropped = read_rows(folder / "dropped.jsonl")
    assert len(dropped) == 12 and dropped[0]["reason"].startswith("a token of 0.")
    rules = arguments["rules"].model_copy(update={"max_token_seconds": 9.0, "min_score": 0.0})
    list(align_folder(folder=folder, **arguments | {"rules": rules}))
    assert "nats per frame" in read_rows(folder / "dropped.jsonl")[0]["reason"]


def test_every_shard_of_a_large_corpus_is_aligned(aligner, folder, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(folder, tmp_path / "many" / name)
    for name in ("symbols.json", "mel.json"):
        shutil.copy(folder / name, tmp_path / "many" / name)
    (tmp_path / "many" / "shards.json").write_text('{"shards": ["a", "b"]}')
    arguments, _ = aligner(2)
    assert list(align_folder(folder=tmp_path / "many", **arguments))[-1] == 24
    both = [np.load(tmp_path / "many" / name / "durations.npy") for name in ("a", "b")]
    assert np.array_equal(*both) and both[0].any()


def test_alignment_goes_on_where_it_stopped_and_several_processes_write_the_same(aligner, folder, monkeypatch):
    monkeypatch.setattr(alignment, "PART_ROWS", 5)
    arguments, _ = aligner(2)
    list(align_folder(folder=folder, **arguments))
    whole = (folder / "durations.npy").read_bytes()
    (folder / "durations.npy").unlink()
    stopped = align_folder(folder=folder, **arguments)
    assert next(stopped) == 5
    stopped.close()
    (first,) = (folder / "alignment").iterdir()
    made = first.stat().st_mtime_ns
    begun = align_folder(folder=folder, runner=LocalRunner(2), **arguments)
    assert next(begun) == 5 and first.stat().st_mtime_ns == made
    assert list(begun) == [10, 12]
    assert (folder / "durations.npy").read_bytes() == whole and not (folder / "alignment").exists()


def test_what_an_alignment_by_other_rules_left_is_not_taken(aligner, folder, monkeypatch):
    monkeypatch.setattr(alignment, "PART_ROWS", 5)
    arguments, _ = aligner(2)
    begun = align_folder(folder=folder, **arguments)
    next(begun)
    begun.close()
    rules = arguments["rules"].model_copy(update={"max_token_seconds": 0.001})
    list(align_folder(folder=folder, **arguments | {"rules": rules}))
    assert len(read_rows(folder / "dropped.jsonl")) == 12


def test_pauses_are_kept_off_sounding_frames(features):
    data = FeatureFolder(features, "train")
    batch = collate([data[0], data[1]])
    assert batch["prior"].shape == (2, batch["mel"].shape[1], batch["tokens"].shape[1])
    utterance = data[0]
    silences = np.isin(utterance.tokens[:, 0], DEFAULT_SYMBOLS.silence_ids)
    assert silences.tolist() == [True] + [False] * (len(silences) - 2) + [True]
    middle = len(utterance.mel) // 2
    lowered = batch["prior"][0, middle, 0] - batch["prior"][0, middle, : len(silences)].logsumexp(0)
    assert lowered < -SOUNDING_PENALTY / 2
    assert (batch["prior"][0, len(utterance.mel) :] == -1e4).all()


def test_a_pause_takes_the_silence_beside_it():
    durations = np.array([10, 2, 10])
    silent = np.zeros(22, bool)
    silent[7:15] = True
    given = give_silence_to_pauses(durations, np.array([False, True, False]), silent)
    assert given.tolist() == [7, 8, 7]


def test_neighbours_of_a_pause_keep_some_frames():
    silent = np.ones(22, bool)
    given = give_silence_to_pauses(np.array([10, 2, 10]), np.array([False, True, False]), silent)
    assert given.tolist() == [MIN_NEIGHBOUR, 22 - 2 * MIN_NEIGHBOUR, MIN_NEIGHBOUR]
    given = give_silence_to_pauses(np.array([2, 2, 3]), np.array([False, True, False]), silent)
    assert given.tolist() == [2, 2, 3]


@pytest.mark.parametrize("seed", range(30))
def test_giving_silence_to_pauses_keeps_time_and_tokens(seed):
    rng = np.random.default_rng(seed)
    n_tokens = int(rng.integers(1, 12))
    durations = rng.integers(1, 12, n_tokens)
    is_pause, silent = rng.random(n_tokens) < 0.4, rng.random(durations.sum()) < 0.6
    given = give_silence_to_pauses(durations, is_pause, silent)
    assert given.sum() == durations.sum()
    assert (given >= np.minimum(durations, MIN_NEIGHBOUR)).all()
    borders, moved = np.cumsum(durations), np.cumsum(given)
    for before, after in zip(borders, moved, strict=True):
        assert silent[min(before, after) : max(before, after)].all(), "a border moves over silence alone"


def test_scores_of_a_batch_are_those_of_its_rows(make_recipe):
    task = build_task(make_recipe("aligner"), "cpu")
    utterances = [task.train[0], task.train[1]]
    both = task.scores(collate(utterances))
    for row, utterance in zip(both, utterances, strict=True):
        alone = task.scores(collate([utterance]))[0]
        torch.testing.assert_close(row[: len(utterance.mel), : len(utterance.tokens)], alone, rtol=1e-4, atol=1e-3)

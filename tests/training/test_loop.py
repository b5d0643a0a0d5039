"""The loop: a resumed run equals one that was never stopped, bit for bit; NaN batches are skipped and counted; logs are whole."""

import json
import math

import pytest
import torch
from toy_runs import KilledRuns, assert_equal, run

from tts.checkpoint import load_checkpoint
from tts.training.loop import train
from tts.training.recipes import build_task

KINDS = ["aligner", "vocoder", "quantizer", "acoustic"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_equals_one_that_was_never_stopped(kind, make_recipe):
    whole, parts = make_recipe(kind, "whole"), make_recipe(kind, "parts")
    run(whole)
    for stop_at, saved in ((3, 2), (5, 4)):
        run(parts, stop_at)
        torch.rand(7)  # another process has drawn other numbers
        assert load_checkpoint(parts.out / "checkpoint.pt")["step"] == saved
    run(parts)
    assert_equal(load_checkpoint(whole.out / "checkpoint.pt"), load_checkpoint(parts.out / "checkpoint.pt"))


def log_of(recipe) -> list[dict]:
    return [json.loads(line) for line in (recipe.out / "progress.jsonl").read_text().splitlines()]


def test_a_resumed_run_logs_every_step_once(make_recipe):
    recipe = make_recipe("aligner")
    run(recipe, 4)
    with (recipe.out / "progress.jsonl").open("a") as file:
        file.write('{"step": 4, "train/lo')  # as a kill may leave it
    (recipe.out / ".checkpoint.pt.123.part").write_bytes(b"half a checkpoint")
    run(recipe)
    rows = log_of(recipe)
    assert [row["step"] for row in rows if "train/loss" in row] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in rows if "valid/loss" in row] == [4, 6]
    names = {path.name for path in recipe.out.iterdir()}
    assert names == {"checkpoint.pt", "previous.pt", "config.json", "progress.jsonl", "tensorboard"}
    assert list((recipe.out / "tensorboard").iterdir())


def test_a_finished_run_has_nothing_left_to_do(make_recipe):
    recipe = make_recipe("aligner")
    rows = run(recipe)
    assert {"step", "loss", "gradient_norm", "frames_per_second"} <= rows[0].keys()
    assert [row["step"] for row in rows if "valid_loss" in row] == [4, 6]
    assert run(recipe) == []


def test_checkpoints_come_at_the_end_and_after_their_interval(make_recipe):
    recipe = make_recipe("aligner", train={"checkpoint_minutes": 60})
    run(recipe, 5)
    assert not (recipe.out / "checkpoint.pt").exists()
    run(recipe)
    assert load_checkpoint(recipe.out / "checkpoint.pt")["step"] == 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_of_nan_is_skipped_and_counted(kind, make_recipe):
    recipe = make_recipe(kind, train={"log_every": 3, "validate_every": 100})
    task = build_task(recipe, "cpu")
    plain = task.batch

    def batch(step: int) -> dict:
        given = plain(step)
        return given | {"mel": given["mel"] * math.nan} if step == 1 else given

    task.batch = batch
    rows = [row for row in train(task, recipe.out, recipe.train) if "loss" in row]
    assert [row.get("skipped") for row in rows] == [1, None]
    assert all(math.isfinite(row["loss"]) for row in rows)
    assert task.updater.skipped == 1 and task.updater.steps == 6
    assert all(value.isfinite().all() for value in task.model.state_dict().values())
    assert all(value.isfinite().all() for value in task.updater.average.values())


def test_a_killed_run_loses_one_save_interval_at_most_and_goes_on_as_if_nothing_had_been(make_recipe):
    sections = {"task": {"steps": 40}, "train": {"validate_every": 1_000}}
    whole, killed = make_recipe("aligner", "whole", **sections), make_recipe("aligner", "killed", **sections)
    with KilledRuns() as runs:
        logged = runs.kill("aligner", killed, 5, 0.01)
    assert logged - 1 <= load_checkpoint(killed.out / "checkpoint.pt")["step"] <= logged < 40
    run(killed)
    run(whole)
    assert_equal(load_checkpoint(whole.out / "checkpoint.pt"), load_checkpoint(killed.out / "checkpoint.pt"))


def test_a_figure_outside_its_band_is_logged_as_an_alarm(make_recipe, monkeypatch):
    recipe = make_recipe("aligner")
    task = build_task(recipe, "cpu")
    monkeypatch.setattr(task, "validate", lambda: {"floor_share": torch.tensor(0.9), "z2": torch.tensor(1.0)})
    list(train(task, recipe.out, recipe.train))
    alarms = [row for row in log_of(recipe) if "alarm" in row]
    assert [row["step"] for row in alarms] == [4, 6] and all(row["alarm"].startswith("floor_share 0.9") for row in alarms)

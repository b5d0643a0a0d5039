"""Several processes under torchrun: the losses of one, a run that goes on with another number of them, one of them killed."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from shared_runs import ENVIRONMENT, command, make_features, read_log, train, write_recipe
from toy_recipes import ENCODER
from toy_runs import assert_equal, last_logged

from tts.checkpoint import load_checkpoint
from tts.data.embeddings import embed_folder

N_STEPS = 20
# What hangs on the number of processes is left out: dropout, which each draws for itself, and the model's own samples.
EXACT: dict[str, dict] = {
    "aligner": {"task": {"steps": N_STEPS}},
    "vocoder": {"task": {"steps": N_STEPS, "bf16": False, "batch_size": 4, "adversarial_batch": 2}},
    "quantizer": {"task": {"steps": N_STEPS}, "model": {"kind": "fsq"}},
    "acoustic": {
        "task": {"steps": N_STEPS, "bf16": False, "own_samples_start": 10_000},
        "model": {"dropout": 0.0, "prenet_dropout": 0.0, "encoder": ENCODER | {"dropout": 0.0}},
    },
}
RARELY = {"validate_every": 10, "picture_every": 1_000}
TOLERANCE = {"vocoder": 1e-4}  # logarithms of near silence: a rounding of the first step is 1e-5 after the second


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("toy"))


@pytest.fixture
def recipe_of(features, tmp_path):
    """A function of kind, name of the run, and settings of the loop."""

    def make(kind: str, name: str, **settings) -> Path:
        return write_recipe(kind, features, tmp_path / name, **EXACT[kind], train=RARELY | settings)

    return make


def assert_same_curve(one: list[dict], other: list[dict], tolerance: float = 1e-5) -> None:
    assert len(one) == len(other) == N_STEPS
    for row, expected in zip(other, one, strict=True):
        for name in row:
            if "loss" in name:
                assert row[name] == pytest.approx(expected[name], abs=tolerance), (name, row["step"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXACT)
def test_two_processes_have_the_losses_of_one(recipe_of, kind):
    one, two = train(kind, recipe_of(kind, "one")), train(kind, recipe_of(kind, "two"), 2)
    assert len({row["train/loss"] for row in one}) > 10, "nothing was learned"
    assert_same_curve(one, two, TOLERANCE.get(kind, 1e-5))


@pytest.mark.slow
def test_sharded_weights_and_batches_in_parts_change_no_loss(recipe_of):
    one = train("acoustic", recipe_of("acoustic", "one"))
    assert_same_curve(one, train("acoustic", recipe_of("acoustic", "sharded"), 2, "optim.is_sharded=true"))
    assert_same_curve(one, train("acoustic", recipe_of("acoustic", "parts"), 1, "task.accumulate=3"))
    assert_same_curve(one, train("acoustic", recipe_of("acoustic", "both"), 2, "task.accumulate=2"))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "sharded"), [("table", "false"), ("reference", "true")])
def test_several_speakers_are_learned_alike_by_two_processes(recipe_of, features, tmp_path, kind, sharded):
    rng = np.random.default_rng(0)
    list(embed_folder(features, lambda waveform, rate: rng.uniform(size=256).astype(np.float32)))
    for name in ("symbols.json", "mel.json"):
        shutil.copyfile(features / name, tmp_path / name)
    (tmp_path / "shards.json").write_text(json.dumps({"shards": [str(features)] * 2, "speakers": ["anna", "bert"]}))
    (tmp_path / "speakers.json").write_text(json.dumps(["anna", "bert"]))
    settings = (f"features={tmp_path}", f"model.speakers.kind={kind}")
    one = train("acoustic", recipe_of("acoustic", "one"), 1, *settings)
    settings = (*settings, f"optim.is_sharded={sharded}")
    assert_same_curve(one, train("acoustic", recipe_of("acoustic", "two"), 2, *settings))
    further = train("acoustic", recipe_of("acoustic", "further"), 2, *settings, f"start={tmp_path / 'one'}", "task.steps=2")
    assert further[0]["train/loss"] < one[0]["train/loss"]


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(recipe_of, tmp_path):
    constant = ("optim.warmup_steps=0", "optim.lr=1e-3", "optim.lr_end=1e-3")  # a shorter run is the beginning of a longer one
    one = train("acoustic", recipe_of("acoustic", "one"), 1, *constant)
    recipe = recipe_of("acoustic", "changing")
    train("acoustic", recipe, 2, *constant, "task.steps=6")
    train("acoustic", recipe, 1, *constant, "task.steps=12")
    assert_same_curve(one, train("acoustic", recipe, 2, *constant, "optim.is_sharded=true"))


@pytest.mark.slow
def test_after_a_worker_was_killed_torchrun_goes_on_as_if_nothing_had_been(recipe_of, tmp_path):
    whole, killed = recipe_of("aligner", "whole"), recipe_of("aligner", "killed")
    steps = "task.steps=60"
    train("aligner", whole, 2, steps)
    with (tmp_path / "stderr").open("w") as errors:
        process = subprocess.Popen(command("aligner", killed, 2, steps, restarts=3), env=ENVIRONMENT, stderr=errors)
    out, deadline = killed.with_suffix(""), time.monotonic() + 300
    while last_logged(out) < 5:
        assert process.poll() is None and time.monotonic() < deadline, "the run does not begin"
        time.sleep(0.02)
    os.kill(workers_of(process.pid)[1], signal.SIGKILL)
    assert process.wait(600) == 0, (tmp_path / "stderr").read_text()[-4000:]
    assert_equal(load_checkpoint(tmp_path / "whole" / "checkpoint.pt"), load_checkpoint(out / "checkpoint.pt"))
    assert read_log(tmp_path / "whole") == read_log(out)


def workers_of(process: int) -> list[int]:
    """Children of torchrun, in the order of their ranks."""
    children = {int(child) for path in Path(f"/proc/{process}/task").glob("*/children") for child in path.read_text().split()}
    return sorted(child for child in children if b"train" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"))

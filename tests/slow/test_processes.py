"""Two processes do what one does: learned codebooks, whose dead codes are drawn anew, and the vocoder without rounding."""

import json
import subprocess
import sys

import double_steps
import pytest
from shared_runs import ENVIRONMENT, make_features, train, write_recipe

N_STEPS = 20
KINDS = {
    "vq": {"kind": "vq", "n_levels": 1},
    "rvq": {"kind": "rvq"},
    "rvq whose codes die": {"kind": "rvq", "dead_below": 5.0},
}


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("toy"))


@pytest.mark.slow
@pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)
def test_two_processes_learn_the_codebooks_of_one(features, tmp_path, model):
    sections = {"task": {"steps": N_STEPS}, "model": model, "train": {"validate_every": 10, "picture_every": 1_000}}
    one, two = (train("quantizer", write_recipe("quantizer", features, tmp_path / f"of_{n}", **sections), n) for n in (1, 2))
    assert len(one) == len(two) == N_STEPS and len({row["train/loss"] for row in one}) > 10
    for row, expected in zip(two, one, strict=True):
        for name in row:
            if "loss" in name or "usage" in name or "perplexity" in name:
                assert row[name] == pytest.approx(expected[name], abs=1e-5), (name, row["step"])


@pytest.mark.slow
def test_but_for_rounding_two_processes_train_the_vocoder_of_one(features, tmp_path):
    sections = {"task": {"steps": 8, "bf16": False, "batch_size": 4, "adversarial_batch": 2}}
    recipe = write_recipe("vocoder", features, tmp_path / "run", **sections)
    rows = []
    for start in ((), ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")):
        out = tmp_path / f"{len(rows)}.json"
        command = [sys.executable, *start, double_steps.__file__, str(recipe), str(out)]
        subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
        rows.append(json.loads(out.read_text()))
    assert "loss_adversarial" in rows[0][-1] and rows[0][-1]["loss"] != rows[0][0]["loss"]
    for one, two in zip(*rows, strict=True):
        assert two == pytest.approx(one, abs=1e-10)

"""Runs of toy recipes by `tts train`, in one process or in several that torchrun starts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from toy_corpus import make_corpus
from toy_recipes import MEL, recipe_values

from tts.data.dataset import read_rows
from tts.data.prepare import prepare

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def make_features(folder: Path) -> Path:
    """Features of a dozen clips of tones; every utterance's frames are split evenly among its tokens."""
    for _ in prepare(make_corpus(folder / "corpus", hop_length=MEL.hop_length), folder / "features", mel_config=MEL):
        pass
    durations = []
    for row in read_rows(folder / "features" / "index.jsonl"):
        borders = np.linspace(0, row["mel"][1], row["tokens"][1] + 1).round()
        durations.append(np.diff(borders))
    np.save(folder / "features" / "durations.npy", np.concatenate(durations).astype(np.int16))
    return folder / "features"


def to_toml(values: dict[str, Any], name: str = "") -> str:
    """A nested dict as TOML; its scalars and lists are written as JSON writes them."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if key not in tables]
    head = [f"[{name}]"] if name else []
    return "\n".join([*head, *lines, *(to_toml(table, f"{name}.{key}".strip(".")) for key, table in tables.items())])


def write_recipe(kind: str, features: Path, out: Path, **sections: dict[str, Any]) -> Path:
    """Write the TOML of a toy recipe beside its run."""
    path = out.with_suffix(".toml")
    path.write_text(to_toml(recipe_values(kind, str(features), str(out), **sections)))
    return path


def command(kind: str, recipe: Path, n_processes: int = 1, *settings: str, restarts: int = 0) -> list[str]:
    """The command that trains a recipe."""
    words = ["-m", "tts.cli", "train", kind, str(recipe), "--threads", "1"]
    words += [word for setting in settings for word in ("--set", setting)]
    if n_processes == 1:
        return [sys.executable, *words]
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_processes), "--max-restarts", str(restarts)]
    return [sys.executable, *start, *words]


def train(kind: str, recipe: Path, n_processes: int = 1, *settings: str) -> list[dict[str, float]]:
    """Train a recipe to its end; returns the rows of its log that training wrote."""
    done = subprocess.run(
        command(kind, recipe, n_processes, *settings), env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return read_log(recipe.with_suffix(""))


def read_log(out: Path) -> list[dict[str, float]]:
    """What training logged, without the times."""
    rows = [json.loads(line) for line in (out / "progress.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in row.items() if name not in ("time", "train/frames_per_second")}
        for row in rows
        if "train/loss" in row
    ]

"""Training an arm by the project's own loop, with weights kept on the way, and the quantisers that arms need."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.checkpoint import load_weights, make_folder, save_weights
from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig
from tts.training.loop import train
from tts.training.recipes import AcousticRecipe, build_task

log = logging.getLogger(__name__)


def train_arm(recipe: AcousticRecipe, snapshots: Collection[int], weights: Path) -> dict[str, Any]:
    """Train to the last step, or go on where a kill left off.

    Args:
        recipe: resolved, with paths.
        snapshots: steps after which the averaged weights are kept; multiples of `train.log_every`. The last step's are always.
        weights: folder for them.

    Returns:
        `steps`, `frames_per_second` (median), `skipped` batches, `valid`: the figures of every validation, and `alarms`.
    """
    make_folder(weights)
    task = build_task(recipe, "cpu")
    steps = recipe.task.steps

    def count(batch: dict[str, Tensor]) -> int:
        return int(batch["patch_lengths"].sum()) * recipe.model.patch_size

    for row in train(task, recipe.out, recipe.train, count):
        step = int(row["step"])
        if "loss" in row and (step in snapshots or step == steps):
            save_weights(weights_path(weights, step), task.updater.average)
        if "valid_nll" in row:
            log.info("step %d of %d, held-out nll %.3f", step, steps, row["valid_nll"])
    if not weights_path(weights, steps).exists():  # killed between the last checkpoint and here
        save_weights(weights_path(weights, steps), task.updater.average)
    return {"steps": steps} | read_progress(recipe.out / "progress.jsonl")


def weights_path(folder: Path, step: int) -> Path:
    """Where the weights of a step are."""
    return folder / f"step_{step}.safetensors"


def snapshot_steps(steps: int, shares: Collection[float], log_every: int) -> list[int]:
    """Steps that are nearest to shares of all steps and are logged; the last step is not among them."""
    nearest = {max(1, round(share * steps / log_every)) * log_every for share in shares}
    return sorted(step for step in nearest if step < steps)


def read_progress(path: Path) -> dict[str, Any]:
    """What a run's log says: throughput, skipped batches, validations and alarms."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    speeds = [row["train/frames_per_second"] for row in rows if "train/frames_per_second" in row]
    valid = [
        {"step": row["step"]} | {name[6:]: value for name, value in row.items() if name.startswith("valid/")}
        for row in rows
        if any(name.startswith("valid/") for name in row)
    ]
    return {
        "frames_per_second": float(np.median(speeds)) if speeds else None,
        "skipped": sum(int(row.get("train/skipped", 0)) for row in rows),
        "valid": valid,
        "alarms": [{"step": row["step"], "alarm": row["alarm"]} for row in rows if "alarm" in row],
    }


def load_snapshot(config: AcousticConfig, path: Path) -> AcousticModel:
    """A model with the weights of a step, in eval mode."""
    model = AcousticModel(config)
    model.load_state_dict(load_weights(path))
    return model.eval()


def clear_older(folder: Path, prefix: str, kept: Path) -> None:
    """Remove what an older plan left: folders of that prefix but one."""
    for path in folder.glob(f"{prefix}*"):
        if path != kept and path.is_dir():
            shutil.rmtree(path)


def one_thread() -> None:
    """Arms run side by side, each on a core of its own."""
    torch.set_num_threads(1)

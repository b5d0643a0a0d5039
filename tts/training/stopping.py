"""When a training ends before its last step, and which of its weights are kept: those with the best figure on held-out data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field

from tts.checkpoint import replacing
from tts.errors import InputError

BEST_NAME = "best.pt"
WATCHED = ("nll", "loss_stft", "loss_l1", "loss")  # of a validation, the first that it has, unless one is named


class StoppingConfig(BaseModel):
    """When a training ends early."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patience: int = Field(
        0, ge=0
    )  # validations in a row that bring nothing better; 0: all steps are taken, the last weights kept
    watch: str | None = None  # figure of a validation, the lowest is the best; default: the task's likelihood or loss
    judge_every: int = Field(1, gt=0)  # validations from one that a judge takes part in to the next


class Stopping:
    """Watches validations; keeps the best weights in `best.pt`.

    Args:
        config: settings.
        folder: of the run.
    """

    def __init__(self, config: StoppingConfig, folder: Path) -> None:
        self.config, self.path = config, folder / BEST_NAME
        self.best, self.best_step, self.n_since = math.inf, 0, 0

    @property
    def is_over(self) -> bool:
        """Whether the training has to end."""
        return bool(self.config.patience) and self.n_since >= self.config.patience

    def is_better(self, step: int, values: dict[str, float], *, is_whole: bool = True) -> bool:
        """Take the figures of a validation; whether its weights are the best so far.

        Args:
            step: of the training.
            values: the figures.
            is_whole: whether all figures are there; without the one that is watched, a validation says nothing.

        Raises:
            InputError: a whole validation does not have that figure.
        """
        if not self.config.patience:
            return False
        name = self.config.watch or next((name for name in WATCHED if name in values), "")
        if name not in values and not is_whole:
            return False
        if name not in values:
            raise InputError(f"train.stopping.watch = {name!r}: a validation has {', '.join(sorted(values))}")
        if values[name] < self.best:  # never for nan
            self.best, self.best_step, self.n_since = values[name], step, 0
            return True
        self.n_since += 1
        return False

    def save(self, state: dict[str, Any], *, is_writer: bool = True) -> None:
        """Keep the averaged weights of a task's state as the best; of several processes one writes."""
        if not is_writer:
            return
        kept = {"step": self.best_step, "task": {"updater": {"average": state["updater"]["average"]}}}
        with replacing(self.path) as temporary:
            torch.save(kept, temporary)

    def clean_up(self, step: int) -> None:
        """Remove the best weights of an earlier run: at its first step, and where nothing is watched any more."""
        if not step or not self.config.patience:
            self.path.unlink(missing_ok=True)

    def state_dict(self) -> dict[str, float]:
        """What an exact resume needs."""
        return {"best": self.best, "best_step": self.best_step, "n_since": self.n_since}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave; nothing, of a run that watched nothing."""
        self.best, self.best_step = float(state.get("best", math.inf)), int(state.get("best_step", 0))
        self.n_since = int(state.get("n_since", 0))

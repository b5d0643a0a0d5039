"""The one training loop: steps, logs, checkpoints, exact resume.

A task knows the model and its loss; the loop knows time, files and the screen. The batch of a step is a function of the step
alone, so that a run that was killed and resumed takes the same steps as one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.checkpoint import load_checkpoint, replacing, save_checkpoint
from tts.training.alarms import find_alarms
from tts.training.distributed import current_world
from tts.training.stopping import Stopping, StoppingConfig

Batch = dict[str, Tensor]


class TrainConfig(BaseModel):
    """Settings of the loop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    checkpoint_minutes: float = Field(5.0, ge=0)  # at most so much work is lost; 0 saves after every step
    log_every: int = Field(20, gt=0)  # steps
    validate_every: int = Field(500, gt=0)  # steps
    picture_every: int = Field(2_000, gt=0)  # steps
    stopping: StoppingConfig = StoppingConfig()


class Task(Protocol):
    """What the loop trains."""

    steps: int

    def batch(self, step: int) -> Batch:
        """This process's part of the batch of a step; a function of the step alone."""
        ...

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns scalars to log, `loss` among them, which are the same on every process."""
        ...

    def validate(self) -> dict[str, Tensor]:
        """Scalars on held-out data."""
        ...

    def draw(self, writer: Any, step: int) -> None:
        """Write audio and pictures to TensorBoard."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs; the same on every process, and all ask for it together."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        ...


class RunLog:
    """progress.jsonl always, TensorBoard beside it."""

    def __init__(self, folder: Path, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.path = folder / "progress.jsonl"
        if self.path.exists():  # what was logged after the checkpoint is logged again
            rows = [line for line in self.path.read_text(encoding="utf-8").splitlines() if _step_of(line) <= first_step]
            with replacing(self.path) as temporary:
                temporary.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=first_step)  # type: ignore[no-untyped-call]

    def write(self, step: int, prefix: str, values: dict[str, float]) -> None:
        """Log scalars."""
        with self.path.open("a", encoding="utf-8") as file:
            row = {"step": step, "time": round(time.time(), 1)} | {f"{prefix}/{k}": round(v, 6) for k, v in values.items()}
            file.write(json.dumps(row) + "\n")
        for name, value in values.items():
            self.writer.add_scalar(f"{prefix}/{name}", value, step)  # type: ignore[no-untyped-call]

    def alarm(self, step: int, lines: list[str]) -> None:
        """Log the alarms of a validation."""
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"step": step, "alarm": line}) + "\n" for line in lines)
        for line in lines:
            self.writer.add_text("alarm", line, step)  # type: ignore[no-untyped-call]


class NoLog:
    """The log, and the writer, of a process that is not the first: nothing is written."""

    def __init__(self) -> None:
        self.writer = self

    def __getattr__(self, name: str) -> Callable[..., None]:
        """A method that does nothing."""
        return lambda *_, **__: None


class _Means:
    """Means of the scalars since the last log; values that are not finite are left out, their steps counted."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}
        self._skipped = 0

    def add(self, scalars: dict[str, float]) -> None:
        """Take the scalars of a step."""
        self._skipped += not all(map(math.isfinite, scalars.values()))
        for name, value in scalars.items():
            self._values.setdefault(name, []).extend([value] if math.isfinite(value) else [])

    def take(self) -> dict[str, float]:
        """Give the means, NaN where no value was finite, and start again."""
        means = {name: sum(values) / len(values) if values else math.nan for name, values in self._values.items()}
        if self._skipped:
            means["skipped"] = self._skipped
        self._values, self._skipped = {}, 0
        return means


def _step_of(line: str) -> int:
    try:
        return int(json.loads(line)["step"])
    except (json.JSONDecodeError, KeyError):
        return 1 << 60  # half a line, written when the run was killed


def train(
    task: Task,
    folder: Path,
    config: TrainConfig,
    units: Callable[[Batch], int] = len,
    judge: Callable[[Any], dict[str, float]] | None = None,
) -> Iterator[dict[str, float]]:
    """Train a task to its last step, from the newest checkpoint in the folder if there is one.

    Of several processes all train, validate and draw, so that none waits for another; the first alone writes files.

    Args:
        task: what to train.
        folder: of this run; made if missing.
        config: settings of the loop.
        units: how many frames a process's part of a batch holds, for the throughput.
        judge: gives further scalars of the task, which join those of every `config.stopping.judge_every`-th validation.

    Yields:
        After every logged step: `step`, the mean of every scalar since the last log, `frames_per_second`, and `skipped`, the
        number of batches whose loss or gradient was not finite, if there were any; after a validation: `step` and its scalars.
    """
    world, path = current_world(), folder / "checkpoint.pt"
    torch.manual_seed(config.seed)
    stopping = Stopping(config.stopping, folder)
    step = _resume(task, path, stopping)
    world.agree_on_step(step)
    log: RunLog | NoLog = _open_log(folder, step) if world.is_first else NoLog()
    if world.is_first:
        stopping.clean_up(step)
    saved_at = logged_at = time.monotonic()
    means = _Means()
    frames = 0
    while step < task.steps and not stopping.is_over:
        world.seed(config.seed, step)
        batch = task.batch(step)
        means.add({name: float(value) for name, value in task.train_step(batch).items()})
        step, frames = step + 1, frames + units(batch)
        if step % config.log_every == 0 or step == task.steps:
            now = time.monotonic()
            values = means.take() | {"frames_per_second": float(world.total(torch.tensor(frames))) / (now - logged_at)}
            log.write(step, "train", values)
            yield {"step": step} | values
            frames, logged_at = 0, now
        if step % config.validate_every == 0 or step == task.steps:
            values = {name: float(value) for name, value in task.validate().items()}
            is_judged = step // config.validate_every % config.stopping.judge_every == 0 or step == task.steps
            values |= judge(task) if judge is not None and is_judged else {}
            log.write(step, "valid", values)
            log.alarm(step, find_alarms(values))
            if stopping.is_better(step, values, is_whole=judge is None or is_judged):
                stopping.save(task.state_dict(), is_writer=world.is_first)
            yield {"step": step} | {f"valid_{name}": value for name, value in values.items()}
        is_end = step == task.steps or stopping.is_over
        if step % config.picture_every == 0 or is_end:
            task.draw(log.writer, step)
        if is_end or world.is_agreed(time.monotonic() - saved_at >= 60 * config.checkpoint_minutes):
            state = {"step": step, "task": task.state_dict(), "stopping": stopping.state_dict(), **_draws()}
            if world.is_first:
                save_checkpoint(path, state)
            saved_at = time.monotonic()
    log.writer.close()


def _open_log(folder: Path, step: int) -> RunLog:
    """Clean a run's folder up after a kill, and open its log."""
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(".checkpoint.pt.*.part"):  # a kill while saving leaves it
        unfinished.unlink(missing_ok=True)
    return RunLog(folder, step)


def _resume(task: Task, path: Path, stopping: Stopping) -> int:
    state = load_checkpoint(path)
    if state is None:
        return 0
    task.load_state_dict(state["task"])
    stopping.load_state_dict(state.get("stopping", {}))
    torch.set_rng_state(state["torch_rng"])
    if "cuda_rng" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return int(state["step"])


def _draws() -> dict[str, Any]:
    """State of the global generators, which dropout draws from."""
    return {"torch_rng": torch.get_rng_state()} | (
        {"cuda_rng": torch.cuda.get_rng_state_all()} if torch.cuda.is_available() else {}
    )

"""Runs of small recipes: to their end, to a step, or in a process that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from tts.training.loop import train
from tts.training.recipes import build_task


def run(recipe, stop_at: int | None = None) -> list[dict]:
    """Train a recipe; stop_at ends it like a kill while that step is being logged."""
    rows = []
    for row in train(build_task(recipe, "cpu"), recipe.out, recipe.train, lambda batch: batch["mel"].shape[1]):
        rows.append(row)
        if row["step"] == stop_at:
            break
    return rows


def assert_equal(one, two, place: str = "") -> None:
    """Compare nested dicts and lists of tensors bit for bit."""
    assert type(one) is type(two), place
    if isinstance(one, dict):
        assert one.keys() == two.keys(), place
        for key in one:
            assert_equal(one[key], two[key], f"{place}.{key}")
    elif isinstance(one, list | tuple):
        for index, (a, b) in enumerate(zip(one, two, strict=True)):
            assert_equal(a, b, f"{place}[{index}]")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, two), place
    else:
        assert one == two, place


SERVER = """
import os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
import torch._dynamo  # the optimiser would import it in every child
from toy_runs import run
from tts.training.recipes import RECIPES

for line in sys.stdin:
    kind, path = line.split()
    child = os.fork()
    if not child:
        run(RECIPES[kind].model_validate_json(Path(path).read_text()))
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class KilledRuns:
    """Trains recipes in processes that are killed; one process imports torch and forks a child for every run."""

    def __init__(self) -> None:
        paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "KilledRuns":
        return self

    def __exit__(self, *_) -> None:
        self.server.stdin.close()
        self.server.wait()
        self.server.stdout.close()

    def kill(self, kind: str, recipe, step: int, seconds: float, *, is_saving: bool = False) -> int:
        """Start a run and kill it some time after it has logged a step, or after it began to write the next checkpoint.

        Returns:
            The last step that it logged.
        """
        settings = recipe.out.with_suffix(".json")
        settings.write_text(recipe.model_dump_json())
        self.server.stdin.write(f"{kind} {settings}\n")
        self.server.stdin.flush()
        child = int(self.server.stdout.readline())
        deadline = time.monotonic() + 240
        while last_logged(recipe.out) < step:
            assert time.monotonic() < deadline, "the run does not go on"
            time.sleep(0.005)
        while is_saving and not any(recipe.out.glob(".checkpoint.pt.*.part")):
            assert time.monotonic() < deadline, "no checkpoint is written"
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert self.server.stdout.readline() == "ended\n"
        return last_logged(recipe.out)


def last_logged(out: Path) -> int:
    """The last step in the log of a run; a line may be half written."""
    log = out / "progress.jsonl"
    whole_lines = log.read_text().split("\n")[:-1] if log.exists() else []
    return max((json.loads(line)["step"] for line in whole_lines), default=0)

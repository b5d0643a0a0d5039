"""Takes the steps of a vocoder's recipe in float64, in one process or in those that torchrun starts: RECIPE OUT.

Rounding is then too small to hide a batch that is weighed wrongly, or to grow into a difference: in float32 the first steps of
Adam, as long for a gradient of 1e-8 as for one of 1, make of a rounding in the first step 5e-6 of the loss in the second.
"""

import json
import sys
from pathlib import Path

import torch

from tts.config import read_toml
from tts.training.distributed import current_world, join_world
from tts.training.recipes import VocoderRecipe, build_task


def main(recipe: Path, out: Path) -> None:
    torch.set_num_threads(1)
    join_world("cpu")
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # what the vocoder keeps out of autocast
    task = build_task(read_toml(recipe, VocoderRecipe), "cpu")
    rows = []
    for step in range(task.steps):
        batch = {name: value.double() for name, value in task.batch(step).items()}
        rows.append({name: float(value) for name, value in task.train_step(batch).items()})
    if current_world().is_first:
        out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

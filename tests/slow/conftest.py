"""The toy corpus and recipes of the fast tests."""

import sys
from pathlib import Path

import torch

for room in ("data", "inference", "training"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

torch.set_num_threads(1)

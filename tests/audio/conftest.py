"""One thread: the machine that runs the tests may be busy."""

import torch

torch.set_num_threads(1)

"""Several processes, one training: torchrun starts them, torch.distributed joins them, DDP or FSDP joins their gradients.

A batch is the same however many processes take it: each takes the rows rank, rank + size, ... of it and weighs them by what
the whole batch holds; what is drawn at random for a batch is drawn whole by every process, which keeps its own rows. So losses
are sums over processes, and a run goes on with another number of them. Dropout alone is drawn by each for itself.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn

from tts.errors import InputError

TIMEOUT = timedelta(minutes=30)  # the others wait so long for one that reads, validates or saves
SETTINGS = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Rows:
    """The rows of a whole batch that are worked on at once: start, start + step, ...

    A process that has no row works on the first, and weighs it with nothing.

    Attributes:
        n_rows: of the whole batch.
        n_frames: to which the whole batch is padded.
        start: first row.
        step: from row to row.
    """

    n_rows: int
    n_frames: int
    start: int = 0
    step: int = 1

    @property
    def are_real(self) -> bool:
        """Whether there is a row at all."""
        return self.start < self.n_rows

    @property
    def are_all(self) -> bool:
        """Whether these are all rows."""
        return (self.start, self.step) == (0, 1)

    def part(self, index: int, n_parts: int) -> Rows:
        """One of the parts of these rows: each n_parts-th from the index-th on."""
        return Rows(self.n_rows, self.n_frames, self.start + self.step * index, self.step * n_parts)

    def cut(self, whole: Tensor) -> Tensor:
        """These rows of a tensor (n_rows, ...) of the whole batch."""
        return whole[self.start :: self.step] if self.are_real else whole[:1]


@dataclass(frozen=True)
class World:
    """The processes of a training, seen from one of them."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def seed(self, seed: int, step: int) -> None:
        """Make dropout differ between processes and be a function of the step; of a single process it is a stream."""
        if self.size > 1:
            torch.manual_seed(int(np.random.SeedSequence((seed, step, self.rank)).generate_state(1)[0]))

    def total(self, part: Tensor) -> Tensor:
        """Sum of a tensor over the processes, without gradient."""
        if self.size == 1:
            return part.detach()
        summed = part.detach().clone()
        distributed.all_reduce(summed)
        return summed

    def totals(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """Sums of scalars over the processes, without gradient."""
        if self.size == 1:
            return {name: part.detach() for name, part in parts.items()}
        return dict(zip(parts, self.total(torch.stack([part.float() for part in parts.values()])), strict=True))

    def whole(self, part: Tensor) -> Tensor:
        """The sum over the processes in value, the own part in gradient; gradients are joined later."""
        return part if self.size == 1 else part + (self.total(part) - part.detach())

    def in_order(self, own: list[Tensor], n_rows: int) -> list[Tensor]:
        """What all processes have for their rows of a batch of n_rows, in the order of the batch; lengths may differ."""
        if self.size == 1:
            return own
        parts: list[list[Tensor]] = [[] for _ in range(self.size)]
        distributed.all_gather_object(parts, [part.cpu() for part in own])
        return [parts[row % self.size][row // self.size].to(own[0].device) for row in range(n_rows)]

    def is_agreed(self, answer: bool) -> bool:
        """The first process's answer."""
        if self.size == 1:
            return answer
        told = torch.tensor(answer and self.is_first, dtype=torch.int32)
        return bool(self.total(told))

    def agree_on_step(self, step: int) -> None:
        """Check that all processes read the same checkpoint.

        Raises:
            InputError: they did not.
        """
        if self.size == 1:
            return
        steps = [torch.tensor(0) for _ in range(self.size)]
        distributed.all_gather(steps, torch.tensor(step))
        if len({int(other) for other in steps}) > 1:
            found = ", ".join(str(int(other)) for other in steps)
            raise InputError(f"the processes' checkpoints are of steps {found}; `out` must be a folder that all nodes share")


ALONE = World()


def current_world() -> World:
    """The processes that `join_world` joined; a world of one before."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return ALONE
    return World(distributed.get_rank(), distributed.get_world_size())


def join_world(device: str) -> str:
    """Join the other processes, if torchrun or a cluster started several; returns this process's own device.

    Raises:
        InputError: the environment names several processes and not how to find them.
    """
    if int(os.environ.get("WORLD_SIZE") or 1) == 1 or distributed.is_initialized():
        return device
    missing = [name for name in SETTINGS if not os.environ.get(name)]
    if missing:
        raise InputError(f"WORLD_SIZE={os.environ['WORLD_SIZE']}, but {missing[0]} is not set; start the processes by torchrun")
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
        torch.cuda.set_device(device)
    distributed.init_process_group(timeout=TIMEOUT, **_meeting_place())  # gloo for the CPU, NCCL for CUDA
    atexit.register(distributed.destroy_process_group)
    return device


def _meeting_place() -> dict[str, Any]:
    """Under torchrun, its store with names of this restart alone: gloo would find the addresses of dead processes there."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return {}
    store = distributed.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
    own = distributed.PrefixStore(f"restart_{os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
    return {"store": own, "rank": int(os.environ["RANK"]), "world_size": int(os.environ["WORLD_SIZE"])}


class _Call(nn.Module):
    """A function of a module as a module's forward, which DDP asks for."""

    def __init__(self, module: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.module, self.function = module, function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)


def join_gradients(module: nn.Module, function: Callable[..., Any], *, is_sharded: bool) -> Callable[..., Any]:
    """Have the gradients of a function of a module be the means over all processes.

    Args:
        module: whose parameters; they become those of the first process, before an optimiser is made.
        function: runs the module.
        is_sharded: weights at rest, gradients, and what an optimiser makes of them are cut up among the processes (FSDP).

    Returns:
        The function to call for training.
    """
    if current_world().size == 1:
        return function
    device = next(module.parameters()).device
    if not is_sharded:
        return nn.parallel.DistributedDataParallel(_Call(module, function), broadcast_buffers=False)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

    for parameter in module.parameters():
        distributed.broadcast(parameter.data, src=0)
    fully_shard(module, mesh=init_device_mesh(device.type, (current_world().size,)))
    module.run_shared = function  # type: ignore[assignment]
    register_fsdp_forward_method(module, "run_shared")
    shared: Callable[..., Any] = module.run_shared  # type: ignore[assignment]
    return shared


def without_joining(function: Callable[..., Any]) -> AbstractContextManager[None]:
    """A block whose gradients stay on this process, to be joined with those of a later block (DDP only)."""
    return function.no_sync() if isinstance(function, nn.parallel.DistributedDataParallel) else nullcontext()


def set_gathered(module: nn.Module, is_gathered: bool) -> None:
    """Gather a sharded module's weights on every process for use without `join_gradients`, or let them go again."""
    from torch.distributed.fsdp import FSDPModule

    if isinstance(module, FSDPModule):
        module.unshard() if is_gathered else module.reshard()


def own_part(value: Tensor) -> Tensor:
    """The part of a tensor that lies on this process; all of it where nothing is sharded. It shares the tensor's memory."""
    return value.to_local() if _is_sharded(value) else value  # type: ignore[attr-defined, no-any-return]


def gather(state: Any) -> Any:
    """A nested state with the sharded tensors in it whole; all processes must ask for it together."""
    if isinstance(state, dict):
        return type(state)((name, gather(value)) for name, value in state.items())
    if isinstance(state, list):
        return [gather(value) for value in state]
    return state.full_tensor() if _is_sharded(state) else state


def shard_like(value: Tensor, own: Tensor) -> Tensor:
    """A whole tensor, sharded as another of the same shape is, if that is."""
    if not _is_sharded(own):
        return value
    from torch.distributed.tensor import distribute_tensor

    placed: Tensor = distribute_tensor(value.to(own.device), own.device_mesh, own.placements)  # type: ignore[attr-defined]
    return placed


def _is_sharded(value: Any) -> bool:
    return hasattr(value, "full_tensor")

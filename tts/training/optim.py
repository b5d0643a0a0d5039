"""The optimiser that every task uses.

AdamW with warm-up and cosine decay, clipping, a guard against NaN, and averaged weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from tts.training.distributed import current_world, gather, join_gradients, own_part, set_gathered, shard_like


class OptimConfig(BaseModel):
    """Settings of the optimiser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lr: float = Field(1e-3, gt=0)  # highest learning rate
    lr_end: float = Field(1e-5, ge=0)  # learning rate at the last step
    warmup_steps: int = Field(200, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.98, ge=0, lt=1)
    clip_norm: float = Field(1.0, gt=0)  # highest norm of the gradient
    ema_decay: float = Field(0.999, ge=0, lt=1)  # of the averaged weights; reached after a ramp
    is_sharded: bool = (
        False  # several processes: weights and all that hangs on them are cut up among them (FSDP), not copied (DDP)
    )


class Updater:
    """Steps one module's weights and keeps their exponential moving average.

    Args:
        module: whose parameters are trained.
        config: settings.
        total_steps: length of the schedule.
        function: what runs the module in training; call it as `run`, so that several processes join their gradients.
    """

    def __init__(
        self, module: nn.Module, config: OptimConfig, total_steps: int, function: Callable[..., Any] | None = None
    ) -> None:
        self.module, self.config, self.total_steps = module, config, total_steps
        self.world = current_world()
        self.run = join_gradients(module, function or module, is_sharded=config.is_sharded)
        decayed = [p for p in module.parameters() if p.requires_grad and p.ndim > 1]
        plain = [p for p in module.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=config.lr, betas=(config.beta1, config.beta2), fused=True)
        self.average = {name: value.detach().clone() for name, value in module.state_dict().items()}
        self.steps = 0
        self.skipped = 0

    def lr_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then half a cosine down to lr_end."""
        config = self.config
        if step < config.warmup_steps:
            return config.lr * (step + 1) / config.warmup_steps
        progress = min(1.0, (step - config.warmup_steps) / max(1, self.total_steps - config.warmup_steps))
        return config.lr_end + (config.lr - config.lr_end) * 0.5 * (1 + math.cos(math.pi * progress))

    def step(self, loss: Tensor) -> float:
        """Go one step down the loss, of several processes down the sum of theirs.

        Returns:
            The norm of the gradient before clipping (NaN for a skipped batch).
        """
        return self.step_parts([loss])

    def step_parts(self, losses: Iterable[Tensor]) -> float:
        """Go one step down the sum of losses, one in memory at a time.

        A sum or gradient that is not finite is skipped and counted.

        Returns:
            The norm of the gradient before clipping (NaN for a skipped batch).
        """
        self.optimizer.zero_grad(set_to_none=True)
        value = torch.zeros(())
        for loss in losses:
            value = value.to(loss.device) + loss.detach()
            (loss * self.world.size).backward()  # gradients are joined as means
        norm = math.nan
        if torch.isfinite(self.world.total(value)):
            norm = float(gather(nn.utils.clip_grad_norm_(self.module.parameters(), self.config.clip_norm)))
        if math.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = self.lr_at(self.steps)
            self.optimizer.step()
            self._update_average()
        else:
            self.skipped += 1
        self.steps += 1
        return norm

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (self.steps + 1) / (self.steps + 10))
        current = self.module.state_dict()
        averages = [own_part(self.average[name]) for name in current]
        torch._foreach_lerp_(averages, [own_part(value) for value in current.values()], 1 - decay)

    @contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """Give the module, in eval mode and with its averaged weights, for the length of the block."""
        kept = {name: value.clone() for name, value in self.module.state_dict().items()}
        self.module.load_state_dict(self.average)
        self.module.eval()
        set_gathered(self.module, True)
        try:
            yield self.module
        finally:
            set_gathered(self.module, False)
            self.module.load_state_dict(kept)
            self.module.train()

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs, weights included; the same for any number of processes, who must all ask."""
        state: dict[str, Any] = gather(
            {"module": self.module.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average}
        )
        return state | {"steps": self.steps, "skipped": self.skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        own = self.module.state_dict()
        self.module.load_state_dict({name: shard_like(value, own[name]) for name, value in state["module"].items()})
        self.optimizer.load_state_dict(self._shard_moments(state["optimizer"]))
        for name, value in state["average"].items():
            self.average[name].copy_(shard_like(value, self.average[name]))
        self.steps, self.skipped = state["steps"], state["skipped"]

    def _shard_moments(self, state: dict[str, Any]) -> dict[str, Any]:
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        moments = {
            index: {name: shard_like(value, parameters[index]) if value.ndim else value for name, value in row.items()}
            for index, row in state["state"].items()
        }
        return state | {"state": moments}

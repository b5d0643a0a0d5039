"""What a training begins with: the weights of a run or of a voice, and which of them stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from tts.errors import InputError
from tts.text.symbols import SymbolTable


@dataclass(frozen=True)
class Start:
    """Weights to begin with.

    Attributes:
        name: of the run's folder or the voice, for messages.
        model: settings of the model, as a plain dict.
        weights: averaged weights.
        critic: weights of the discriminators, if there are any.
        symbols: inventory of tokens that the weights go with, if that is known.
    """

    name: str
    model: dict[str, Any]
    weights: dict[str, Tensor]
    critic: dict[str, Tensor] | None = None
    symbols: SymbolTable | None = None


def check_fit(module: nn.Module, start: Start) -> None:
    """Refuse weights of another model.

    Raises:
        InputError: a tensor is missing, left over, or of another shape.
    """
    wanted = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in start.weights.items()}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            there, here = given.get(name, "missing"), wanted.get(name, "not known")
            raise InputError(f"{start.name}: {name} is {there} there and {here} in the recipe's model; take its [model] out")


def freeze(module: nn.Module, patterns: tuple[str, ...]) -> None:
    """Leave parameters as they are.

    Args:
        module: the model, before its optimiser is made.
        patterns: names of modules or parameters, such as `encoder` or `backbone.blocks.0`; `*` and `?` stand for anything.

    Raises:
        InputError: a pattern matches nothing, or nothing is left to train.
    """
    names = [name for name, _ in module.named_parameters()]
    frozen: set[str] = set()
    for pattern in patterns:
        matched = {name for name in names if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")}
        if not matched:
            parts = ", ".join(name for name, _ in module.named_children())
            raise InputError(f"freeze: nothing is called {pattern!r}; the model has {parts}")
        frozen |= matched
    if len(frozen) == len(names):
        raise InputError("freeze: nothing is left to train")
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in frozen)

"""What a training begins with: the weights of a run or of a voice, and which of them stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.text.symbols import SymbolTable
from tts.training.distributed import gather

TABLE = "speakers.table.weight"
VECTORS = {TABLE, "speakers.known"}  # weights that have a row for each speaker


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


def add_speakers(start: Start, model: AcousticModel) -> Start:
    """Let weights be of as many speakers as a new model: one without any gets the model's own, which add nothing yet.

    Speakers that are new in a table begin as the mean of those that it has; references are known by their embeddings.

    Raises:
        InputError: the model names the speakers of the weights otherwise.
    """
    if model.speakers is None:
        return start
    own = {f"speakers.{name}": value for name, value in gather(model.speakers.state_dict()).items()}
    names = tuple((start.model.get("speakers") or {}).get("names", ()))
    if not names:
        return replace(start, weights=start.weights | own)
    if model.speakers.config.names[: len(names)] != names:
        raise InputError(f"{start.name}: its speakers are {', '.join(names)}; leave model.speakers.names out of the recipe")
    weights = dict(start.weights)
    for name in VECTORS & own.keys() & weights.keys():
        before, grown = weights[name], own[name].clone()
        if name == TABLE:
            grown[:] = before.mean(0)
        grown[: len(before)] = before
        weights[name] = grown
    return replace(start, weights=weights)


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

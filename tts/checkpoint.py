"""Files that must not be lost or half written: atomic replacement, training checkpoints, weights.

A training checkpoint is one file that torch reads with `weights_only`; weights that people load are safetensors. Nothing here
runs code from a file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, another one in every process on every machine.

    It takes the place of `path` when the block ends well, and is removed when it does not.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, unless it is there.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: no folder can be made there ({error.strerror}); name another") from None


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Save a training checkpoint atomically; the one before it stays as `previous.pt` beside it."""
    import torch

    with replacing(path) as temporary:
        torch.save(state, temporary)
        if path.exists():
            os.replace(path, path.with_name("previous.pt"))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Load the newest checkpoint of a run, or the one before it when a crash came between the two; None when there is none.

    Raises:
        InputError: the file is damaged or no checkpoint.
    """
    import torch

    for candidate in (path, path.with_name("previous.pt")):
        if not candidate.exists():
            continue
        try:
            state: dict[str, Any] = torch.load(candidate, map_location="cpu", weights_only=True)
        except Exception as error:  # the reader of a damaged file raises what it likes
            reason = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise InputError(f"{candidate}: no readable checkpoint ({reason}); delete it to start anew") from None
        return state
    return None


def save_weights(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Save tensors as safetensors, atomically."""
    from safetensors.torch import save_file

    with replacing(path) as temporary:
        save_file({name: value.contiguous() for name, value in tensors.items()}, temporary, metadata)
        temporary.chmod(0o644)  # safetensors makes files that nobody else can read


def load_weights(path: Path) -> dict[str, Tensor]:
    """Load the tensors of a safetensors file.

    Raises:
        InputError: the file is missing or no safetensors (a pickle is refused, never opened).
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no readable safetensors file ({error})") from None

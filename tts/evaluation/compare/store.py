"""Finished stages: a file each, and a key that says what its figures hang on, so that nothing is done twice.

A stage whose file is there and whose key is the same is not done again; the key of a stage goes into the keys of those that build
on it. A kill loses at most the stage that runs, and trainings and speaking resume inside theirs.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tts.checkpoint import make_folder, replacing

Values = dict[str, Any]


def key_of(*parts: Any) -> str:
    """A short hash of plain values; the order of the keys in a mapping does not matter."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_json(path: Path, values: Any) -> None:
    """Write JSON, complete or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; None when there is none, or when it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class Stages:
    """Finished stages of one arm, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made with the first file."""
        self.folder = folder

    def do(self, name: str, key: str, work: Callable[[], Values]) -> Values:
        """Values of a stage: those on file if the key is the same, otherwise those of `work`, which are filed."""
        stored = self.read(name)
        if stored is not None and stored["key"] == key:
            values: Values = stored["values"]
            return values
        start = time.monotonic()
        values = work()
        make_folder(self.folder)
        write_json(self.folder / f"{name}.json", {"key": key, "seconds": round(time.monotonic() - start, 2), "values": values})
        return values

    def read(self, name: str) -> Values | None:
        """A finished stage's key, seconds and values."""
        stored = read_json(self.folder / f"{name}.json")
        return stored if isinstance(stored, dict) and {"key", "seconds", "values"} <= stored.keys() else None

    def seconds(self) -> float:
        """Time that all finished stages took; of a stage that was interrupted, its last part."""
        return sum(stored["seconds"] for path in self.folder.glob("*.json") if (stored := self.read(path.stem)))

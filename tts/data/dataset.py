"""A features folder as a dataset, and the batches that training draws from it.

Letters: B batch, T frames, S tokens, N samples.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tts.errors import InputError
from tts.text.symbols import SymbolTable


@dataclass(frozen=True)
class Utterance:
    """One utterance's features.

    Attributes:
        row: its row in index.jsonl.
        mel: (T, n_mels) float16.
        waveform: (N,) int16.
        f0: (T,) Hz, negative where unvoiced.
        tokens: (S, 3) id, stress, place.
        durations: (S,) frames, or None before the corpus was aligned.
    """

    row: dict[str, Any]
    mel: np.ndarray
    waveform: np.ndarray
    f0: np.ndarray
    tokens: np.ndarray
    durations: np.ndarray | None


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a file of one JSON object a line; only a newline ends a line (a text may hold other separators)."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


class FeatureFolder:
    """Utterances of one split of a features folder; arrays are mapped, not read, unless in_memory."""

    def __init__(self, folder: Path, split: str, *, in_memory: bool = False) -> None:
        """Open a folder.

        Raises:
            InputError: the folder is no complete features folder, or the split is empty.
        """
        for name in ("index.jsonl", "symbols.json"):  # the last is written when all else is done
            if not (folder / name).is_file():
                raise InputError(f"{folder}: no complete features here ({name} is missing); `tts prepare` makes them")
        mode: Literal["r"] | None = None if in_memory else "r"
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode=mode) for name in ("mel", "waveform", "f0", "tokens")}
        path = folder / "durations.npy"
        self.durations = np.load(path) if path.exists() else None
        if self.durations is not None and len(self.durations) != len(self.arrays["tokens"]):
            raise InputError(f"{path}: made for other features; `tts align` makes it anew")
        is_aligned = (folder / "dropped.jsonl").exists()
        dropped = {row["id"] for row in read_rows(folder / "dropped.jsonl")} if is_aligned else set()
        self.rows = [row for row in read_rows(folder / "index.jsonl") if row["split"] == split and row["id"] not in dropped]
        if not self.rows:
            raise InputError(f"{folder}: no utterances in split {split!r}")
        self.symbols = SymbolTable.from_json((folder / "symbols.json").read_text(encoding="utf-8"))
        self.n_frames = np.array([row["mel"][1] for row in self.rows])

    def __len__(self) -> int:
        """Number of utterances."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Utterance:
        """Read one utterance."""
        row = self.rows[index]

        def read(name: str) -> np.ndarray:
            start, length = row[name]
            return self.arrays[name][start : start + length]

        start, length = row["tokens"]
        durations = None if self.durations is None else self.durations[start : start + length]
        return Utterance(row, read("mel"), read("waveform"), read("f0"), read("tokens"), durations)


def pad(arrays: list[np.ndarray], value: float = 0) -> np.ndarray:
    """Stack arrays of different length, filling their ends: (B, longest, ...)."""
    longest = max(len(array) for array in arrays)
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    stacked = np.full(shape, value, dtype=arrays[0].dtype)
    for row, array in zip(stacked, arrays, strict=True):
        row[: len(array)] = array
    return stacked

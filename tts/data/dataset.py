"""A features folder as a dataset, and the batches that training draws from it.

Of every utterance only its shard, its place in the index and its length are in memory; rows are read and arrays mapped when they
are asked for, and a few shards are open at a time. Letters: B batch, T frames, S tokens, N samples.
"""

from __future__ import annotations

import array
import json
import mmap
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from tts.data.shards import ARRAYS, DROPPED, EMBEDDINGS, INDEX, SPEAKERS, SYMBOLS, read_rows, read_shards
from tts.errors import InputError
from tts.text.symbols import SymbolTable

MAX_OPEN = 32  # shards; each takes six file handles

__all__ = ["FeatureFolder", "Utterance", "pad", "read_rows"]


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
        speaker: its speaker's place in FeatureFolder.speakers.
    """

    row: dict[str, Any]
    mel: np.ndarray
    waveform: np.ndarray
    f0: np.ndarray
    tokens: np.ndarray
    durations: np.ndarray | None
    speaker: int = 0


class Shard:
    """An open shard: arrays mapped into memory, and rows of its index by their place in the file."""

    def __init__(self, folder: Path) -> None:
        self.arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
        path = folder / "durations.npy"
        self.durations = np.load(path) if path.exists() else None
        path = folder / EMBEDDINGS
        self.embeddings = np.load(path, mmap_mode="r") if path.exists() else None
        with (folder / INDEX).open("rb") as file:
            self._index = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def row(self, place: int) -> dict[str, Any]:
        """The row that begins at a byte of the index."""
        end = self._index.find(b"\n", place)
        row: dict[str, Any] = json.loads(self._index[place : end if end >= 0 else len(self._index)])
        return row

    def read(self, row: dict[str, Any], speaker: int = 0) -> Utterance:
        """Read the utterance of a row."""

        def part(name: str) -> np.ndarray:
            start, length = row[name]
            return self.arrays[name][start : start + length]

        start, length = row["tokens"]
        durations = None if self.durations is None else self.durations[start : start + length]
        return Utterance(row, part("mel"), part("waveform"), part("f0"), part("tokens"), durations, speaker)

    def number(self, place: int) -> int:
        """Which row of the index begins at a byte."""
        return int(np.searchsorted(self._starts, place))

    @cached_property
    def _starts(self) -> np.ndarray:
        """Bytes at which the rows begin."""
        ends: np.ndarray = np.flatnonzero(np.frombuffer(self._index[:], np.uint8) == ord("\n")) + 1
        return np.concatenate(([0], ends))


class Rows(Sequence[dict[str, Any]]):
    """Rows of a folder's utterances, read when they are asked for."""

    def __init__(self, data: FeatureFolder) -> None:
        self._data = data

    def __len__(self) -> int:
        """Number of utterances."""
        return len(self._data)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Read a row, or some."""
        if isinstance(index, slice):
            return [self._data.read_row(i) for i in range(*index.indices(len(self)))]
        return self._data.read_row(range(len(self))[index])


class FeatureFolder:
    """Utterances of one split of a features folder, of one shard or many."""

    def __init__(self, folder: Path, split: str, speaker: str = "") -> None:
        """Open a folder.

        Args:
            folder: of one shard or many.
            split: "train", "valid" or "test".
            speaker: who says all of it; "" where the folder says who speaks.

        Raises:
            InputError: the folder is no complete features folder, or the split is empty.
        """
        parts = read_shards(folder)
        self.folders, self._named = [part for part, _ in parts], [speaker or name for _, name in parts]
        for path in (folder / SYMBOLS, *(shard / INDEX for shard in self.folders)):  # symbols.json is written last
            if not path.is_file():
                raise InputError(f"{path.parent}: no complete features here ({path.name} is missing); `tts prepare` makes them")
        shards, places, n_frames = array.array("i"), array.array("q"), array.array("i")
        for number, shard in enumerate(self.folders):
            check_durations(shard)
            for place, length in _scan(shard, split):
                shards.append(number)
                places.append(place)
                n_frames.append(length)
        if not n_frames:
            raise InputError(f"{folder}: no utterances in split {split!r}")
        self._shards, self._places = np.frombuffer(shards, np.int32), np.frombuffer(places, np.int64)
        self.n_frames = np.frombuffer(n_frames, np.int32)  # (n,) of every utterance
        self.symbols = SymbolTable.from_json((folder / SYMBOLS).read_text(encoding="utf-8"))
        self.speakers = read_speakers(folder)
        self.rows = Rows(self)
        self._speaker_index = {name: index for index, name in enumerate(self.speakers)}
        self._open: OrderedDict[int, Shard] = OrderedDict()

    def __len__(self) -> int:
        """Number of utterances."""
        return len(self.n_frames)

    def spread(self, most: int) -> list[int]:
        """Indices of at most so many utterances, of all lengths, the shortest first."""
        order = np.argsort(self.n_frames, kind="stable")
        places = np.linspace(0, len(order) - 1, min(len(order), most)).round().astype(np.int64)
        return [int(index) for index in order[places]]

    def read_row(self, index: int) -> dict[str, Any]:
        """The row of one utterance."""
        row, name = self._shard(index).row(int(self._places[index])), self._named[self._shards[index]]
        return row | {"speaker": name} if name else row

    @cached_property
    def speaker_places(self) -> np.ndarray:
        """Place of every utterance's speaker in `speakers`, int32 (n,); reads all rows."""
        return np.array([self._speaker_index.get(row.get("speaker", ""), 0) for row in self.rows], np.int32)

    def read_embedding(self, index: int) -> np.ndarray:
        """How the speaker of one utterance sounds, float32 (256,).

        Raises:
            InputError: the folder has no embeddings.
        """
        shard = self._shard(index)
        if shard.embeddings is None:
            raise InputError(
                f"{self.folders[self._shards[index]]}: no embeddings of its speakers here; `tts speakers` makes them"
            )
        embedding: np.ndarray = shard.embeddings[shard.number(int(self._places[index]))]
        return embedding

    def __getitem__(self, index: int) -> Utterance:
        """Read one utterance."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        row = self.read_row(index)
        return self._shard(index).read(row, self._speaker_index.get(row.get("speaker", ""), 0))

    def _shard(self, index: int) -> Shard:
        """The shard of an utterance, opened if need be; the one that was used longest ago is let go."""
        number = int(self._shards[index])
        if number not in self._open:
            if len(self._open) >= MAX_OPEN:
                self._open.popitem(last=False)
            self._open[number] = Shard(self.folders[number])
        self._open.move_to_end(number)
        return self._open[number]

    def __getstate__(self) -> dict[str, Any]:
        """Without open files, so that other processes can read the same folder."""
        return self.__dict__ | {"_open": OrderedDict()}


def check_durations(shard: Path) -> None:
    """Refuse durations of another alignment.

    Raises:
        InputError: there are as many durations as tokens, or none, in no sound shard.
    """
    path = shard / "durations.npy"
    if path.exists() and np.load(path, mmap_mode="r").shape[:1] != np.load(shard / "tokens.npy", mmap_mode="r").shape[:1]:
        raise InputError(f"{path}: made for other features; `tts align` makes it anew")


def _scan(shard: Path, split: str) -> Iterator[tuple[int, int]]:
    """Place in the index, and frames, of every utterance of a split that the alignment did not drop."""
    path = shard / DROPPED
    dropped = {row["id"] for row in read_rows(path)} if path.exists() else set()
    place = 0
    with (shard / INDEX).open("rb") as file:
        for line in file:
            if line.strip():
                row = json.loads(line)
                if row["split"] == split and row["id"] not in dropped:
                    yield place, row["mel"][1]
            place += len(line)


def read_speakers(folder: Path) -> list[str]:
    """Names of a folder's speakers, in order; one without a name when the corpus names none."""
    path = folder / SPEAKERS
    names: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return names or [""]


def pad(arrays: list[np.ndarray], value: float = 0) -> np.ndarray:
    """Stack arrays of different length, filling their ends: (B, longest, ...)."""
    longest = max(len(array) for array in arrays)
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    stacked = np.full(shape, value, dtype=arrays[0].dtype)
    for row, values in zip(stacked, arrays, strict=True):
        row[: len(values)] = values
    return stacked

"""The embeddings of a features folder: how the speaker of every clip sounds, in the order of each shard's index.

They are written row by row into a file of NaN, so that a run that was stopped goes on with the first row that is not whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tts.audio.speaker import EMBEDDING_DIM
from tts.data.shards import EMBEDDINGS, INDEX, MEL, SYMBOLS, read_rows, shard_folders
from tts.errors import InputError

Embed = Callable[[np.ndarray, int], np.ndarray]  # waveform (N,) and its rate in Hz to (256,)


def embed_folder(folder: Path, embed: Embed) -> Iterator[int]:
    """Embed every clip of a features folder, of one shard or many, that is not embedded yet.

    Yields:
        The number of clips done so far.

    Raises:
        InputError: there are no features, or a clip cannot be embedded.
    """
    if not (folder / SYMBOLS).is_file():
        raise InputError(f"{folder}: no complete features here ({SYMBOLS} is missing); `tts prepare` makes them")
    n_before = 0
    for shard in dict.fromkeys(shard_folders(folder)):  # a mixture may name one several times
        rows = read_rows(shard / INDEX)
        path, unfinished = shard / EMBEDDINGS, shard / f".{EMBEDDINGS}.part"
        if not _fits(path, len(rows)):
            for number in _embed_shard(shard, unfinished, embed):
                yield n_before + number
            os.replace(unfinished, path)
        n_before += len(rows)
        yield n_before


def _fits(path: Path, n_rows: int) -> bool:
    """Whether a file holds so many embeddings."""
    try:
        return bool(np.load(path, mmap_mode="r").shape == (n_rows, EMBEDDING_DIM))
    except (OSError, ValueError, EOFError):
        return False


def _embed_shard(shard: Path, path: Path, embed: Embed) -> Iterator[int]:
    """Fill a file of embeddings; yields the number of those done."""
    rows = read_rows(shard / INDEX)
    rate = json.loads((shard / MEL).read_text(encoding="utf-8"))["sample_rate"]
    waveform = np.load(shard / "waveform.npy", mmap_mode="r")
    if not _fits(path, len(rows)):
        made = np.lib.format.open_memmap(path, "w+", np.float32, (len(rows), EMBEDDING_DIM))
        made[:] = np.nan
    made = np.lib.format.open_memmap(path, "r+")
    for number, row in enumerate(rows):
        if np.isnan(made[number]).any():
            start, length = row["waveform"]
            try:
                made[number] = embed(waveform[start : start + length].astype(np.float32) / 32768, rate)
            except InputError as error:
                raise InputError(f"{shard}, {row['id']}: {error}") from None
        yield number + 1
    made.flush()

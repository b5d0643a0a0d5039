"""How features lie on disk: a features folder is one shard, or a list of shards that may lie on several disks.

A shard is a folder with `mel.npy` (frames, n_mels) float16, `waveform.npy` (samples,) int16, `f0.npy` (frames,) float32, negative
where the frame is unvoiced and the value interpolated, `tokens.npy` (tokens, 3) int16 (id, stress, place), `index.jsonl` with one
row per utterance (offset and length in each array), `symbols.json`, `mel.json` (MelConfig), `speakers.json` (names),
`rejected.jsonl` and `shard.json` (what it was made of; sizes and hashes). `durations.npy`, one int16 per token, comes with the
alignment; `embeddings.npy`, (utterances, 256) float32, how each one's speaker sounds (embeddings.py). A folder of several shards
has `shards.json` with their paths, and perhaps a name for the speaker of each, in place of arrays and index. A shard is made of
pieces, each the work of one process on a few clips.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.audio.mel import MelConfig
from tts.checkpoint import replacing
from tts.data.extract import Features
from tts.data.rows import jsonl, write_whole
from tts.data.rows import read_rows as read_rows
from tts.errors import InputError
from tts.text.symbols import DEFAULT_SYMBOLS

ARRAYS = ("mel", "waveform", "f0", "tokens")
INDEX, REJECTED, DROPPED, SYMBOLS, MEL = "index.jsonl", "rejected.jsonl", "dropped.jsonl", "symbols.json", "mel.json"
SHARD, SHARDS, SPEAKERS, PIECES = "shard.json", "shards.json", "speakers.json", ".pieces"
EMBEDDINGS = "embeddings.npy"
TABLES = (INDEX, REJECTED, DROPPED, SHARD, SHARDS, SPEAKERS)
WRITTEN = (*(f"{name}.npy" for name in (*ARRAYS, "durations")), EMBEDDINGS, *TABLES, "skipped.jsonl")  # the last: older versions


@dataclass(frozen=True)
class PieceCounts:
    """What became of the clips of a piece: the number of good ones, of bad ones by kind, and of narrow ones among the good."""

    n_good: int
    rejected: dict[str, int]
    n_narrow: int = 0


def shard_folders(folder: Path) -> list[Path]:
    """The shards of a features folder, in order: every one is a features folder itself.

    Raises:
        InputError: the list of shards is no list.
    """
    return [shard for shard, _ in read_shards(folder)]


def read_shards(folder: Path) -> list[tuple[Path, str]]:
    """The shards of a features folder, each with the name of its speaker; "" where its rows say who speaks.

    Raises:
        InputError: the list of shards is no list.
    """
    path = folder / SHARDS
    if not path.is_file():
        return [(folder, "")]
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        paths = [folder / name for name in about["shards"]]  # an absolute path stays as it is
        return list(zip(paths, about.get("speakers", [""] * len(paths)), strict=True))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: no list of shards; `tts prepare` makes it") from None


def write_piece(path: Path, results: list[Features | dict[str, str]]) -> PieceCounts:
    """Write the features of some clips, and the rejections among them, as one file; it is there whole or not at all."""
    good = [result for result in results if isinstance(result, Features)]
    bad = [result for result in results if not isinstance(result, Features)]
    arrays: dict[str, Any] = {}
    if good:
        arrays = {name: np.concatenate([getattr(features, name) for features in good]) for name in ARRAYS}
    lengths = [{name: len(getattr(features, name)) for name in ARRAYS} for features in good]
    about = {"rows": [features.row for features in good], "lengths": lengths, "rejected": bad}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    return _count(about)


def read_counts(path: Path) -> PieceCounts | None:
    """The counts of a piece; None if there is none that can be read."""
    try:
        with np.load(path) as piece:
            return _count(_about(piece))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def read_piece_rejections(path: Path) -> list[dict[str, Any]]:
    """The bad clips of a piece."""
    with np.load(path) as piece:
        rejected: list[dict[str, Any]] = _about(piece)["rejected"]
    return rejected


def _about(piece: Any) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(piece["about"].tobytes())
    return about


def _count(about: dict[str, Any]) -> PieceCounts:
    kinds: dict[str, int] = {}
    for row in about["rejected"]:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
    return PieceCounts(len(about["rows"]), kinds, sum(row.get("is_narrow", False) for row in about["rows"]))


def pack(folder: Path, pieces: list[Path], keys: list[str], mel: MelConfig) -> None:
    """Make a shard of its pieces, and remove them.

    Args:
        folder: of the shard.
        pieces: files of `write_piece`, in order.
        keys: of the pieces, kept in shard.json so that the shard can be told from one of other clips or settings.
        mel: settings of the mel.
    """
    (folder / SYMBOLS).unlink(missing_ok=True)  # incomplete until it is back
    for name in WRITTEN:
        (folder / name).unlink(missing_ok=True)
    for unfinished in folder.glob(".*.part"):  # a kill while packing leaves it
        unfinished.unlink(missing_ok=True)
    abouts = []
    for path in pieces:
        with np.load(path) as piece:
            abouts.append(_about(piece))
    rows = list(_place_rows(abouts))
    rejected = [row for about in abouts for row in about["rejected"]]
    totals = {name: sum(lengths[name] for about in abouts for lengths in about["lengths"]) for name in ARRAYS}
    files = {f"{name}.npy": _join(folder / f"{name}.npy", pieces, totals[name], mel.n_mels) for name in ARRAYS}
    for name, text in ((INDEX, jsonl(rows)), (REJECTED, jsonl(rejected)), (MEL, mel.model_dump_json(indent=2))):
        write_whole(folder / name, text)
    speakers: dict[str, int] = {}
    for row in rows:
        speakers[row.get("speaker", "")] = speakers.get(row.get("speaker", ""), 0) + 1
    counts = asdict(_count({"rows": rows, "rejected": rejected}))
    speakers = dict(sorted(speakers.items()))
    about = {"keys": keys, **counts, "speakers": speakers, "files": files}
    write_whole(folder / SPEAKERS, json.dumps(list(speakers), ensure_ascii=False))
    write_whole(folder / SHARD, json.dumps(about, ensure_ascii=False, indent=1))
    write_whole(folder / SYMBOLS, DEFAULT_SYMBOLS.to_json())
    shutil.rmtree(folder / PIECES, ignore_errors=True)


def read_shard(folder: Path) -> dict[str, Any] | None:
    """What is known of a complete shard (shard.json); None when there is none, or no complete one."""
    try:
        about: dict[str, Any] = json.loads((folder / SHARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return about if (folder / SYMBOLS).is_file() and isinstance(about, dict) else None


def _place_rows(abouts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of the index: those of the pieces, with offset and length in every array."""
    offsets = dict.fromkeys(ARRAYS, 0)
    for about in abouts:
        for row, lengths in zip(about["rows"], about["lengths"], strict=True):
            yield row | {name: [offsets[name], lengths[name]] for name in ARRAYS}
            for name in ARRAYS:
                offsets[name] += lengths[name]


def _join(path: Path, pieces: list[Path], length: int, n_mels: int) -> dict[str, Any]:
    """Write one array of all pieces, one piece in memory at a time; returns its size and hash."""
    name = path.stem
    tail, dtype = {"mel": ((n_mels,), "<f2"), "waveform": ((), "<i2"), "f0": ((), "<f4"), "tokens": ((3,), "<i2")}[name]
    digest = hashlib.blake2b(digest_size=16)
    with replacing(path) as temporary, temporary.open("wb") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": (length, *tail)}
        np.lib.format.write_array_header_1_0(file, header)
        for piece_path in pieces:
            with np.load(piece_path) as piece:
                if name in piece.files:
                    data = np.ascontiguousarray(piece[name], dtype).tobytes()
                    file.write(data)
                    digest.update(data)
        size = file.tell()
    return {"bytes": size, "blake2b": digest.hexdigest()}

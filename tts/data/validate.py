"""Whether a features folder is whole: files, sizes and hashes, and of every utterance shapes, numbers, tokens and durations.

Letters: T frames, S tokens.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts.audio.mel import MelConfig
from tts.audio.speaker import EMBEDDING_DIM
from tts.config import validate as validate_config
from tts.data.clips import SeenIds
from tts.data.dataset import read_speakers
from tts.data.shards import ARRAYS, EMBEDDINGS, INDEX, MEL, SYMBOLS, read_rows, read_shard, read_shards
from tts.errors import InputError
from tts.text.symbols import SymbolTable

DTYPES = {"mel": np.float16, "waveform": np.int16, "f0": np.float32, "tokens": np.int16}
BLOCK_BYTES = 1 << 22
N_STRESSES, N_PLACES = 3, 4


@dataclass(frozen=True)
class Fault:
    """Something that is wrong: where, and what."""

    place: str
    reason: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Checked:
    """What was found in a shard: its utterances, what is wrong with it, and how many are known to be narrow (bandwidth.py)."""

    n_utterances: int
    seconds: float
    faults: list[Fault]
    n_narrow: int = 0


def validate_folder(folder: Path) -> Iterator[Checked]:
    """Check a features folder.

    Args:
        folder: features folder, of one shard or many.

    Yields:
        What was found in each shard, in order.

    Raises:
        InputError: there are no features at all.
    """
    if not (folder / SYMBOLS).is_file():
        raise InputError(f"{folder}: no complete features here ({SYMBOLS} is missing); `tts prepare` makes them")
    symbols = SymbolTable.from_json((folder / SYMBOLS).read_text(encoding="utf-8"))
    speakers, seen = set(read_speakers(folder)), SeenIds()
    try:
        for shard, name in read_shards(folder):
            yield _check_shard(shard, symbols, speakers, seen, name)
    finally:
        seen.close()


def _check_shard(shard: Path, symbols: SymbolTable, speakers: set[str], seen: SeenIds, speaker: str) -> Checked:
    try:
        rows = read_rows(shard / INDEX)
        mel = validate_config(MelConfig, json.loads((shard / MEL).read_text(encoding="utf-8")), str(shard / MEL))
        arrays = {name: _open_array(shard / f"{name}.npy") for name in ARRAYS}
        durations = _open_array(shard / "durations.npy") if (shard / "durations.npy").exists() else None
    except (OSError, ValueError, EOFError) as error:
        return Checked(0, 0.0, [Fault(str(shard), f"cannot be read ({error})")])
    misshapen = list(_array_faults(shard, arrays, durations, mel))
    faults, seconds = [*misshapen, *_file_faults(shard), *_embedding_faults(shard / EMBEDDINGS, len(rows))], 0.0
    for row in rows:
        if not isinstance(row, dict) or not all(_is_span(row.get(name), arrays[name]) for name in ARRAYS):
            name = row.get("id", "?") if isinstance(row, dict) else "?"
            faults.append(Fault(f"{shard}, {name}", "its places lie outside the arrays"))
            continue
        seconds += row["mel"][1] / mel.frame_rate
        if not seen.add(f"{speaker}/{row.get('id')}"):
            faults.append(Fault(f"{shard}, {row.get('id')}", "the id comes twice"))
        named = speaker or row.get("speaker", "")
        if named not in speakers and len(speakers) > 1:
            faults.append(Fault(f"{shard}, {row.get('id')}", f"speaker {named!r} is not in the table"))
        if not misshapen:
            pieces = {name: arrays[name][row[name][0] : sum(row[name])] for name in ARRAYS}
            own = None if durations is None else durations[row["tokens"][0] : sum(row["tokens"])]
            faults += [Fault(f"{shard}, {row.get('id')}", text) for text in _utterance_faults(pieces, own, symbols, mel)]
    return Checked(len(rows), seconds, faults, (read_shard(shard) or {}).get("n_narrow", 0))


def _open_array(path: Path) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r" if path.stat().st_size > 1024 else None)
    return array


def _is_span(span: Any, array: np.ndarray) -> bool:
    if not (isinstance(span, list) and len(span) == 2 and all(isinstance(value, int) for value in span)):
        return False
    return span[0] >= 0 and span[1] > 0 and sum(span) <= len(array)


def _file_faults(shard: Path) -> Iterator[Fault]:
    """Files that are not as they were written; a folder made before there were hashes has none to compare."""
    about = read_shard(shard) or {}
    for name, written in about.get("files", {}).items():
        path = shard / name
        if path.stat().st_size != written["bytes"]:
            yield Fault(str(path), f"{path.stat().st_size} bytes, and {written['bytes']} were written")
        elif _hash(path) != written["blake2b"]:
            yield Fault(str(path), "not what was written (its hash differs)")


def _hash(path: Path) -> str:
    """Hash of an array's data, without its header."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _array_faults(shard: Path, arrays: dict[str, np.ndarray], durations: np.ndarray | None, mel: MelConfig) -> Iterator[Fault]:
    tails = {"mel": (mel.n_mels,), "waveform": (), "f0": (), "tokens": (3,)}
    for name, array in arrays.items():
        if array.shape[1:] != tails[name] or array.dtype != DTYPES[name]:
            shape = ", ".join(map(str, ("...", *tails[name])))
            yield Fault(str(shard / f"{name}.npy"), f"{array.dtype} {array.shape}, and not {DTYPES[name].__name__} ({shape})")
    if durations is not None and durations.shape != (len(arrays["tokens"]),):
        yield Fault(str(shard / "durations.npy"), f"{durations.shape} durations for {len(arrays['tokens'])} tokens")


def _embedding_faults(path: Path, n_rows: int) -> Iterator[Fault]:
    """What is wrong with the embeddings, if there are any."""
    if not path.is_file():
        return
    try:
        embeddings = _open_array(path)
    except (OSError, ValueError, EOFError) as error:
        yield Fault(str(path), f"cannot be read ({error})")
        return
    if embeddings.shape != (n_rows, EMBEDDING_DIM) or not np.isfinite(embeddings).all():
        yield Fault(str(path), f"no ({n_rows}, {EMBEDDING_DIM}) numbers; delete it, and `tts speakers` makes it anew")


def _utterance_faults(
    pieces: dict[str, np.ndarray], durations: np.ndarray | None, symbols: SymbolTable, mel: MelConfig
) -> Iterator[str]:
    """What is wrong with one utterance's arrays."""
    n_frames, n_samples, tokens = len(pieces["mel"]), len(pieces["waveform"]), pieces["tokens"]
    if not np.isfinite(pieces["mel"]).all():
        yield "its mel holds NaN or infinity"
    if not np.isfinite(pieces["f0"]).all():
        yield "its F0 holds NaN or infinity"
    if len(pieces["f0"]) != n_frames:
        yield f"{len(pieces['f0'])} values of F0 for {n_frames} frames"
    if not (n_frames - 1) * mel.hop_length < n_samples <= n_frames * mel.hop_length:
        yield f"{n_samples} samples for {n_frames} frames"
    ids, stress, place = tokens.T
    if ids[0] != 1 or ids[-1] != 2 or ids.min() < 1 or ids.max() >= len(symbols):
        yield f"its tokens are not begin, symbols (3 to {len(symbols) - 1}), end"
    if stress.min() < 0 or stress.max() >= N_STRESSES or place.min() < 0 or place.max() >= N_PLACES:
        yield "stress or place of its tokens is out of range"
    if durations is not None and (durations.min() < 0 or int(durations.sum()) != n_frames):
        yield f"its durations sum to {int(durations.sum())} frames of {n_frames}"

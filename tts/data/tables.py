"""Corpora that are a table of clips: JSONL, pipe CSV, LJSpeech, Hi-Fi TTS, Common Voice.

A line that makes no sense becomes a clip with a fault, so that it is listed like any other bad clip and the rest is used.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from tts.data.clips import Clip, lines_of
from tts.errors import InputError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".opus")
AUDIO_FOLDERS = ("", "wavs", "wav", "audio", "clips")
SPLIT_OF = {"train": "train", "dev": "valid", "valid": "valid", "val": "valid", "test": "test"}


def open_lines(path: Path) -> IO[bytes]:
    """Open a table, which may be packed by gzip.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return cast(IO[bytes], gzip.open(path) if path.suffix == ".gz" else path.open("rb"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_jsonl(source: str) -> Iterator[Clip]:
    """Clips of a manifest: one JSON object a line with `id`, `audio` and `text`; `start`, `end`, `speaker` and more if known.

    Raises:
        InputError: there is no manifest.
    """
    path = Path(source)
    path = path / "manifest.jsonl" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"{path}: no such manifest; a corpus folder holds manifest.jsonl")
    with open_lines(path) as file:
        for number, line in lines_of(file):
            yield _jsonl_clip(line, path.parent, f"line {number}")


def _parse(line: str | None, place: str) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """The row of a manifest's line, and what is wrong with it."""
    if line is None:
        return {}, ("manifest", f"{place}: no UTF-8 text")
    try:
        row = json.loads(line)
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return {}, ("manifest", f"{place}: no JSON object ({reason})")
    except RecursionError:
        return {}, ("manifest", f"{place}: no JSON object (nested too deep)")
    if not isinstance(row, dict):
        return {}, ("manifest", f"{place}: {line.strip()[:40]} is no JSON object")
    missing = [field for field in ("id", "audio", "text") if not isinstance(row.get(field), str)]
    if missing:
        kind = "no transcript" if missing == ["text"] else "manifest"
        return row, (kind, f"{place}: {', '.join(missing)} missing, or no text")
    times = [row.get("start"), row.get("end")]
    if any(isinstance(time, bool) or not isinstance(time, int | float) for time in times if time is not None):
        return row, ("manifest", f"{place}: start and end must be seconds, not {times}")
    return row, None


def _jsonl_clip(line: str | None, folder: Path, place: str) -> Clip:
    row, fault = _parse(line, place)
    if fault is not None:
        return Clip(row["id"] if isinstance(row.get("id"), str) else place, None, "", fault=fault)
    given = {field: row[field] for field in ("speaker", "split", "phonemes", "kind") if isinstance(row.get(field), str)}
    audio = row["audio"] if "://" in row["audio"] else folder / row["audio"]
    f0 = folder / row["f0"] if isinstance(row.get("f0"), str) else None
    return Clip(row["id"], audio, row["text"], row.get("start") or 0.0, row.get("end"), f0=f0, **given)


def read_pipe(source: str) -> Iterator[Clip]:
    """Clips of a table `file|text` or `file|speaker|text`; files are looked for beside it and in wavs/.

    Raises:
        InputError: there is no table.
    """
    path = pipe_table(Path(source))
    if path is None:
        raise InputError(f"{source}: no table of file|text here; name the .csv or .txt file itself")
    with open_lines(path) as file:
        for number, line in lines_of(file):
            place = f"{path.name}, line {number}"
            columns = [column.strip() for column in (line or "").split("|")]
            if line is None or not 2 <= len(columns) <= 3 or not columns[0]:
                fault = ("manifest", f"{place}: " + ("no UTF-8 text" if line is None else "no file|text or file|speaker|text"))
                yield Clip(columns[0] or place, None, "", fault=fault)
                continue
            audio = find_audio(path.parent, columns[0])
            speaker = columns[1] if len(columns) == 3 else ""
            yield Clip(_without_suffix(columns[0]), audio, columns[-1], speaker=speaker)


def pipe_table(path: Path) -> Path | None:
    """The table that a path means: the file itself, metadata.csv in a folder, or the only .csv there."""
    if path.is_file():
        return path
    if (path / "metadata.csv").is_file():
        return path / "metadata.csv"
    tables = sorted(path.glob("*.csv"))
    return tables[0] if len(tables) == 1 else None


def find_audio(folder: Path, name: str) -> Path:
    """The file that a table's first column means; where it would be, if it is nowhere."""
    for place in AUDIO_FOLDERS:
        for suffix in ("", *SUFFIXES):
            path = folder / place / f"{name}{suffix}"
            if path.is_file():
                return path
    return folder / (name if name.endswith(SUFFIXES) else f"{name}.wav")


def _without_suffix(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def read_ljspeech(source: str) -> Iterator[Clip]:
    """Clips of LJSpeech: `metadata.csv` with `id|text|text with numbers in words`, audio in wavs/."""
    folder = Path(source)
    with open_lines(folder / "metadata.csv") as file:
        for number, line in lines_of(file):
            columns = [column.strip() for column in (line or "").split("|")]
            if len(columns) < 2 or not columns[0]:
                place = f"metadata.csv, line {number}"
                yield Clip(columns[0] or place, None, "", fault=("manifest", f"{place}: no id|text|normalised text"))
                continue
            text = next((column for column in columns[2:] if column), columns[1])
            yield Clip(columns[0], folder / "wavs" / f"{columns[0]}.wav", text)


def read_hifitts(source: str) -> Iterator[Clip]:
    """Clips of Hi-Fi TTS: `SPEAKER_manifest_clean_train.json` and its siblings, one JSON object a line."""
    folder = Path(source)
    for path in sorted(folder.glob("*_manifest_*_*.json")):
        speaker, _, _, part = path.stem.split("_", 3)
        with open_lines(path) as file:
            for number, line in lines_of(file):
                yield _hifitts_clip(line, folder, f"{path.name}, line {number}", speaker, SPLIT_OF.get(part, "train"))


def _hifitts_clip(line: str | None, folder: Path, place: str, speaker: str, split: str) -> Clip:
    try:
        row: Any = json.loads(line or "")
        audio = str(row["audio_filepath"])
        text = row.get("text_normalized") or row["text"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Clip(place, None, "", fault=("manifest", f"{place}: no JSON object with audio_filepath and text"))
    name = _without_suffix(audio.removeprefix("audio/"))
    return Clip(name, folder / audio, text if isinstance(text, str) else "", speaker=speaker, split=split)


def read_commonvoice(source: str) -> Iterator[Clip]:
    """Clips of one language of Common Voice: train.tsv, dev.tsv and test.tsv, audio in clips/; a speaker is a client_id."""
    folder = Path(source) if (Path(source) / "clips").is_dir() else Path(source) / "en"
    for part in ("train", "dev", "test"):
        path = folder / f"{part}.tsv"
        if not path.is_file():
            continue
        with open_lines(path) as file:
            lines = lines_of(file)
            header = (next(lines, (0, ""))[1] or "").split("\t")
            for number, line in lines:
                row = dict(zip(header, (line or "").split("\t"), strict=False))
                place = f"{path.name}, line {number}"
                if "path" not in row or "sentence" not in row:
                    yield Clip(place, None, "", fault=("manifest", f"{place}: no path and sentence"))
                    continue
                audio, speaker = folder / "clips" / row["path"], row.get("client_id", "")
                yield Clip(_without_suffix(row["path"]), audio, row["sentence"], speaker=speaker, split=SPLIT_OF[part])


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """Read a manifest that has to be right in every line.

    Returns:
        Rows with at least id, audio and text.

    Raises:
        InputError: the file is missing, a line is no JSON object, a row lacks id, audio or text, or an id comes twice.
    """
    rows: dict[str, dict[str, Any]] = {}
    if not path.is_file():
        raise InputError(f"{path}: no such manifest; a corpus folder holds manifest.jsonl")
    with open_lines(path) as file:
        for number, line in lines_of(file):
            row, fault = _parse(line, f"line {number}")
            if fault is not None:
                raise InputError(f"{path}, {fault[1]}")
            if row["id"] in rows:
                raise InputError(f"{path}, line {number}: the id {row['id']!r} comes twice")
            rows[row["id"]] = row
    if not rows:
        raise InputError(f"{path}: the manifest is empty")
    return list(rows.values())

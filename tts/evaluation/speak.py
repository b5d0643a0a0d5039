"""Speaking a test set, line by line and seed by seed, so that it can be listened to and taken up again.

A folder per seed holds `0001.wav` for the first line and so on, and `spoken.jsonl` with one row for every finished file. A row's
key covers all that decides the audio: the voice's files, the phonemes, the settings and the seed; a file whose key has changed is
spoken again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tts.checkpoint import make_folder
from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig

ROWS_NAME = "spoken.jsonl"
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3"}


@dataclass(frozen=True)
class Recording:
    """A line that was spoken, or could not be.

    Attributes:
        index: number of the line, from 1.
        text: what should be said.
        path: the audio; None when there is none.
        seed: that it was spoken with; None when unknown.
        compute_seconds: time that speaking took; None when unknown.
        error: why there is no audio.
    """

    index: int
    text: str
    path: Path | None
    seed: int | None = None
    compute_seconds: float | None = None
    error: str | None = None


def speak_lines(tts: TTS, lines: list[str], folder: Path, sampling: SamplingConfig, backend: str) -> Iterator[Recording]:
    """Speak lines into a folder; those that are finished with the same settings are left alone.

    Args:
        tts: the voice.
        lines: the test set.
        folder: of this seed; made if it is not there.
        sampling: with a seed.
        backend: name of the backend, part of the key.

    Yields:
        One recording for each line, in order. A line that cannot be spoken has an error and no audio.

    Raises:
        InputError: the folder cannot be made.
    """
    make_folder(folder)
    finished = _read_rows(folder / ROWS_NAME)
    with (folder / ROWS_NAME).open("a", encoding="utf-8") as rows:
        for index, text in enumerate(lines, 1):
            path = folder / f"{index:04d}.wav"
            try:
                key = _key(tts, text, sampling, backend)
                row = finished.get(path.name)
                if row is None or row["key"] != key or not path.is_file():
                    row = {"file": path.name, "key": key, "text": text, "compute_seconds": _speak(tts, text, sampling, path)}
                    rows.write(json.dumps(row, ensure_ascii=False) + "\n")
                    rows.flush()
            except InputError as error:
                yield Recording(index, text, None, sampling.seed, error=str(error))
                continue
            yield Recording(index, text, path, sampling.seed, float(str(row["compute_seconds"])))


def find_recordings(folder: Path, lines: list[str], limit: int | None = None) -> list[Recording]:
    """Match existing audio with the lines it should say: the n-th file in the order of names speaks the n-th line.

    Args:
        folder: of audio files, or of folders `seed_1`, `seed_2` ... of audio files.
        lines: the whole test set.
        limit: take the first so many lines; the audio may end there too.

    Raises:
        InputError: there is no audio, or not one file for each line.
    """
    seeds = {int(path.name[5:]): path for path in folder.glob("seed_*") if path.is_dir() and path.name[5:].isdecimal()}
    if not list_audio(folder) and seeds:
        return [row for seed in sorted(seeds) for row in _match(seeds[seed], lines, limit, seed)]
    return _match(folder, lines, limit, None)


def list_audio(folder: Path) -> list[Path]:
    """Audio files of a folder in the order of their names.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one with audio files")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith("."))


def _match(folder: Path, lines: list[str], limit: int | None, seed: int | None) -> list[Recording]:
    files = list_audio(folder)
    if len(files) == len(lines[:limit]):
        lines = lines[:limit]
    if len(files) != len(lines):
        raise InputError(f"{folder}: {len(files)} audio files for {len(lines)} lines of text; there must be one for each")
    known = {name: float(str(row["compute_seconds"])) for name, row in _read_rows(folder / ROWS_NAME).items()}
    pairs = list(enumerate(zip(lines, files, strict=True), 1))[:limit]
    return [Recording(index, line, path, seed, known.get(path.name)) for index, (line, path) in pairs]


def _speak(tts: TTS, text: str, sampling: SamplingConfig, path: Path) -> float:
    """Speak into a file; returns the seconds that speaking alone took."""
    start = time.perf_counter()
    speech = tts.synthesize(text, sampling)
    seconds = time.perf_counter() - start
    speech.save(path)
    return round(seconds, 4)


def _key(tts: TTS, text: str, sampling: SamplingConfig, backend: str) -> str:
    phonemes = tts.front_end.describe(text)["phonemes"]
    parts = (tts.voice.config.model_dump_json(), phonemes, text, sampling.model_dump_json(), backend)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _read_rows(path: Path) -> dict[str, dict[str, object]]:
    """Last row of each file; a line that a crash cut short is passed over."""
    rows: dict[str, dict[str, object]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
            rows[row["file"]] = {"key": row["key"], "compute_seconds": row["compute_seconds"]}
        except (ValueError, KeyError, TypeError):
            continue
    return rows

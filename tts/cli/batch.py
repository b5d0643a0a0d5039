"""`tts say --lines`: one audio file per line, and a manifest with a row for every line, spoken or not.

Lines are spoken in parts (`line_job.py`), by this process, by several, or by a cluster. Beside the audio, the folder `.lines`
keeps the rows of every part and the settings that they were spoken with, so that a second run, after a kill or with some lines
changed, speaks only what is missing.
"""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tts.audio.io import FORMATS
from tts.checkpoint import make_folder, replacing
from tts.cli.console import note, progress_bar
from tts.cli.line_job import SpeakPart, hash_config, hash_settings
from tts.cli.lines import Lines
from tts.data.rows import LocalRunner, Part, Row, Runner, jsonl, write_whole
from tts.errors import InputError
from tts.inference.voices import read_voice_config

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.inference.sampling import SamplingConfig

MANIFEST_NAME = "manifest.jsonl"
RECORD, SETTINGS = ".lines", "settings.json"
PART_LINES = 16
FLAT_LINES = 100_000  # so many files, and they go to folders of a thousand


def say_lines(
    load: partial[TTS],
    lines: Lines,
    folder: Path | None,
    format: str,
    sampling: SamplingConfig,
    runner: Runner,
    *,
    is_seed_drawn: bool,
) -> None:
    """Speak every line into a file of its own; a second run goes on with the first, if its settings are the same.

    Args:
        load: loads the voice, its first argument.
        lines: texts.
        folder: of the files; made if it is not there.
        format: of the files.
        sampling: settings, with a seed.
        runner: what speaks.
        is_seed_drawn: nobody asked for the seed.

    Raises:
        InputError: nothing can be spoken like that.
        typer.Exit: some lines could not be spoken; the status is 2.
    """
    suffix = f".{format.lower().removeprefix('.')}"
    if folder is None:
        raise InputError("--lines needs a folder for its files: -d DIR")
    if suffix not in FORMATS:
        raise InputError(f"--format {format}: unknown; take one of {', '.join(known[1:] for known in FORMATS)}")
    if not len(lines):
        raise InputError("nothing to speak: no line has anything in it")
    assert sampling.seed is not None, "settings of a command have a seed"
    job = SpeakPart(load, hash_config(read_voice_config(load.args[0])), folder, sampling)
    if runner == LocalRunner(1):
        job.tts().check(sampling)  # what is wrong is found before a folder is made
    make_folder(folder)
    seed = open_record(folder, hash_settings(load, job.voice, sampling, suffix), sampling.seed, is_drawn=is_seed_drawn)
    job = replace(job, sampling=sampling.model_copy(update={"seed": seed}))
    failures = speak_lines(job, lines, suffix, runner)
    note(f"{folder / MANIFEST_NAME}: {len(lines) - failures} of {len(lines)} lines spoken, seed {seed}")
    if failures:
        raise typer.Exit(2)


def open_record(folder: Path, key: str, seed: int, *, is_drawn: bool) -> int:
    """Keep the record of an earlier run by the same settings, or begin a new one.

    Args:
        folder: of the audio.
        key: of all settings but the seed.
        seed: of this run.
        is_drawn: nobody asked for this seed, so a run that was cut short goes on with its own.

    Returns:
        The seed to speak with.
    """
    path = folder / RECORD / SETTINGS
    try:
        before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    if before.get("key") == key and is_drawn and not before["is_finished"]:
        seed = before["seed"]
        note(f"{folder}: goes on where it stopped, with seed {seed}")
    if (before.get("key"), before.get("seed")) != (key, seed) and (folder / RECORD).exists():
        shutil.rmtree(folder / RECORD)
    make_folder(folder / RECORD)
    write_whole(path, json.dumps({"key": key, "seed": seed, "is_finished": False}))
    return seed


def speak_lines(job: SpeakPart, lines: Lines, suffix: str, runner: Runner) -> int:
    """Speak every line into a file of its own; what was spoken before an interrupt stays, with its manifest.

    Args:
        job: how; its folder has a record.
        lines: texts.
        suffix: of the files, with its dot.
        runner: what speaks.

    Returns:
        How many lines could not be spoken; each has its error in the manifest, and was reported.
    """
    failures, done = 0, 0
    failure: BaseException | None = None
    waiting: deque[Part[Row]] = deque()
    with replacing(job.folder / MANIFEST_NAME) as temporary, temporary.open("w", encoding="utf-8") as manifest:
        try:
            with progress_bar("speaking", len(lines)) as show:
                for rows in runner.run(job, _noting(cut(lines, job.folder, suffix), waiting)):
                    waiting.popleft()
                    manifest.write(jsonl(rows))
                    failures += _report(rows)
                    done += len(rows)
                    show(done)
        except BaseException as error:
            failure = error
            for part in waiting:
                manifest.write(jsonl(job.finished(part)))
    if failure is not None:
        raise failure
    _finish(job.folder, suffix)
    return failures


def cut(lines: Lines, folder: Path, suffix: str) -> Iterator[Part[Row]]:
    """Parts of a list; a row has id, text, and the audio file below the folder."""
    width = max(4, len(str(len(lines))))

    def row(number: int, line: str) -> Row:
        name = f"{number:0{width}d}"
        place = f"{name[:-3]}/" if len(lines) >= FLAT_LINES else ""
        return {"id": name, "text": line, "audio": f"{place}{name}{suffix}"}

    rows = map(row, count(1), lines)
    for number in count():
        few = list(islice(rows, PART_LINES))
        if not few:
            return
        yield Part(number, few, folder / RECORD / f"{number:06d}.jsonl")


def _noting(parts: Iterator[Part[Row]], waiting: deque[Part[Row]]) -> Iterator[Part[Row]]:
    for part in parts:
        waiting.append(part)
        yield part


def _report(rows: list[Row]) -> int:
    """Say which lines were not spoken; returns how many."""
    failed = [row for row in rows if "error" in row]
    for row in failed:
        note(f"{row['id']}: {row['error']}")
    return len(failed)


def _finish(folder: Path, suffix: str) -> None:
    """Remove what processes that were killed left half written, and note that all lines were tried."""
    for pattern in (f".*{suffix}.*.part", ".*.jsonl.*.part"):
        for unfinished in list(folder.rglob(pattern)):
            unfinished.unlink(missing_ok=True)
    path = folder / RECORD / SETTINGS
    settings = json.loads(path.read_text(encoding="utf-8"))
    write_whole(path, json.dumps(settings | {"is_finished": True}))

"""The corpora that can be read, by name, and which of them a path looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from tts.data.clips import Clip, lines_of
from tts.data.folders import VCTK_FOLDERS, libritts_split, read_folder, read_libritts, read_speakers, read_vctk, walk
from tts.data.manifests import plan_shar, read_by_recipe, read_lhotse, read_shar
from tts.data.tables import (
    SUFFIXES,
    open_lines,
    pipe_table,
    read_commonvoice,
    read_hifitts,
    read_jsonl,
    read_ljspeech,
    read_pipe,
)
from tts.errors import InputError

Reader = Callable[[str], Iterator[Clip]]
N_SNIFFED = 50  # lines of a table that are looked at
SPLIT_BY_SPEAKER = ("libritts", "commonvoice")  # nobody is in two splits: they say nothing about one speaker
RECIPE = "lhotse:"  # before the name of one of lhotse's recipes


@dataclass(frozen=True)
class Corpus:
    """A corpus that can be read more than once.

    Attributes:
        source: path or URL.
        format: name of its format.
        read: yields the clips.
        plan: yields the same clips, perhaps without their audio, where that is much cheaper.
        speaker: whose clips are taken; "" for all.
    """

    source: str
    format: str
    read: Reader
    plan: Reader
    speaker: str = ""

    def clips(self, *, with_audio: bool = True) -> Iterator[Clip]:
        """The clips; without their audio where it would have to be fetched."""
        for clip in (self.read if with_audio else self.plan)(self.source):
            if not self.speaker:
                yield clip
            elif clip.speaker == self.speaker:
                yield replace(clip, split="") if self.format in SPLIT_BY_SPEAKER else clip


READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "ljspeech": read_ljspeech,
    "libritts": read_libritts,
    "vctk": read_vctk,
    "hifitts": read_hifitts,
    "commonvoice": read_commonvoice,
    "pipe": read_pipe,
    "folder": read_folder,
    "speakers": read_speakers,
    "lhotse": read_lhotse,
    "shar": read_shar,
}
PLANS: dict[str, Reader] = {"shar": plan_shar}


def open_corpus(source: str, format: str = "auto", speaker: str = "") -> Corpus:
    """Find the reader of a corpus.

    Args:
        source: path or URL.
        format: a name in READERS, "lhotse:RECIPE", or "auto".
        speaker: whose clips are taken; "" for all.

    Raises:
        InputError: no such corpus or format, or it cannot be told which format it is.
    """
    if "://" not in source and not Path(source).exists():
        what = "no such manifest" if Path(source).suffix else "no such folder"
        raise InputError(f"{source}: {what}; name a corpus folder, a manifest or a URL")
    if format == "auto":
        format = detect_format(source)
    if format.startswith(RECIPE):
        recipe = format.removeprefix(RECIPE)
        read = partial(read_by_recipe, recipe)
        return Corpus(source, format, read, read, speaker)
    if format not in READERS:
        raise InputError(f"--format {format}: unknown; take auto, {', '.join(READERS)}, or lhotse:NAME for a recipe of lhotse")
    return Corpus(source, format, READERS[format], PLANS.get(format, READERS[format]), speaker)


def detect_format(source: str) -> str:
    """Name the format that a path or URL looks like.

    Raises:
        InputError: it looks like none, or like more than one.
    """
    if "://" in source:
        found = ["shar"] if "cuts." in source else []
    else:
        found = _formats_of_file(Path(source)) if Path(source).is_file() else _formats_of_folder(Path(source))
    if len(found) == 1:
        return found[0]
    names = ", ".join(READERS)
    if found:
        raise InputError(f"{source}: may be {' or '.join(found)}; say which by --format")
    raise InputError(f"{source}: looks like no corpus that is known; name it by --format: {names}")


def _formats_of_file(path: Path) -> list[str]:
    if ".jsonl" in path.suffixes or path.suffix == ".json":
        return [_kind_of_jsonl(path)]
    return _formats_of_pipe(path) if path.suffix in (".csv", ".txt", ".tsv", ".psv") else []


def _kind_of_jsonl(path: Path) -> str:
    with open_lines(path) as file:
        for _, line in islice(lines_of(file), N_SNIFFED):
            try:
                row = json.loads(line or "")
            except ValueError:
                continue
            if isinstance(row, dict) and ("supervisions" in row or "recording_id" in row or "sources" in row):
                return "lhotse"
    return "jsonl"


def _formats_of_pipe(path: Path) -> list[str]:
    """Formats of a table: a middle column of single words that come again is a speaker; one of sentences is LJSpeech's text."""
    with open_lines(path) as file:
        rows = [(line or "").split("|") for _, line in islice(lines_of(file), N_SNIFFED)]
    counts = [len(row) for row in rows if len(row) > 1]
    if not counts:
        return []
    if max(counts, key=counts.count) == 2:
        return ["pipe"]
    middle = [row[1].strip() for row in rows if len(row) == 3]
    n_sentences = sum(" " in text for text in middle)
    is_speaker = n_sentences == 0 and len(set(middle)) <= max(1, len(middle) // 2)
    is_ljspeech = n_sentences > len(middle) / 2 and (path.parent / "wavs").is_dir() and path.name == "metadata.csv"
    return ["pipe"] if is_speaker else ["ljspeech"] if is_ljspeech else ["ljspeech", "pipe"]


def _formats_of_folder(folder: Path) -> list[str]:
    """Formats that a folder looks like: the corpora with a form of their own, else a table, else pairs of audio and text."""
    if not folder.is_dir():
        return []
    names = sorted(path.name for path in islice(folder.iterdir(), 100_000))
    signs = {
        "jsonl": "manifest.jsonl" in names,
        "vctk": "txt" in names and any(name in names for name in VCTK_FOLDERS),
        "libritts": _is_libritts(folder, names),
        "hifitts": _has(names, r"\d+_manifest_\w+_\w+\.json$"),
        "commonvoice": _is_commonvoice(folder) or _is_commonvoice(folder / "en"),
        "shar": _has(names, r"cuts\..*\.jsonl") and _has(names, r"recording\."),
    }
    found = [name for name, is_there in signs.items() if is_there]
    if not found and _has(names, r".*(cuts|supervisions).*\.jsonl"):
        found = ["lhotse"]
    table = pipe_table(folder)
    if not found and table is not None:
        found = _formats_of_pipe(table)
    return found or (["folder"] if _has_pairs(folder) else [])


def _has(names: list[str], pattern: str) -> bool:
    return any(re.match(pattern, name) for name in names)


def _is_libritts(folder: Path, names: list[str]) -> bool:
    return bool(libritts_split(folder.name)) or any(libritts_split(name) and (folder / name).is_dir() for name in names)


def _is_commonvoice(folder: Path) -> bool:
    return (folder / "clips").is_dir() and any((folder / f"{part}.tsv").is_file() for part in ("train", "dev", "test"))


def _has_pairs(folder: Path) -> bool:
    """Whether there is audio and text somewhere in a folder."""
    has_audio = has_text = False
    for _, names in islice(walk(folder), 1_000):
        has_audio = has_audio or any(name.lower().endswith(SUFFIXES) for name in names)
        has_text = has_text or any(name.endswith(".txt") for name in names)
    return has_audio and has_text

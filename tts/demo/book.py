"""A book read aloud: one audio file per chapter and a table of contents, in a zip."""

from __future__ import annotations

import json
import re
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tts.audio.io import open_audio
from tts.demo.chapters import Chapter
from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig
from tts.inference.subtitles import Sentence, format_vtt

SUFFIXES = (".mp3", ".opus", ".flac")
CONTENTS_NAME = "contents.json"
REPORT_SECONDS = 0.4  # between two reports; a cancel waits as long


@dataclass
class Reading:
    """How far a book has been read.

    Attributes:
        n_chapters: of the book.
        n_characters: of the book.
        chapter: number of the one that is read, from 1.
        title: its title.
        done_characters: that have been spoken or skipped.
        audio_seconds: of all chapters so far.
        compute_seconds: gone by.
        rows: of the table of contents: a file or an error for every finished chapter.
    """

    n_chapters: int
    n_characters: int
    chapter: int = 0
    title: str = ""
    done_characters: int = 0
    audio_seconds: float = 0.0
    compute_seconds: float = 0.0
    rows: list[dict[str, object]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the book that is done, 0 to 1."""
        return min(1.0, self.done_characters / max(1, self.n_characters))


def read_aloud(tts: TTS, chapters: Sequence[Chapter], sampling: SamplingConfig, suffix: str, archive: Path) -> Iterator[Reading]:
    """Read a book into a zip: a file of audio and one of subtitles (WebVTT) for each chapter, and CONTENTS_NAME.

    A chapter that cannot be spoken is named in the contents, with the reason.

    Args:
        tts: the open voice.
        chapters: of the book.
        sampling: settings, with a seed.
        suffix: one of SUFFIXES.
        archive: the zip to write.

    Yields:
        The same Reading, again and again, brought up to date.

    Raises:
        InputError: no chapter at all can be spoken.
    """
    began = time.perf_counter()
    reading = Reading(len(chapters), sum(len(chapter.text) for chapter in chapters))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle, tempfile.TemporaryDirectory() as folder:
        for number, chapter in enumerate(chapters, 1):
            reading.chapter, reading.title, before = number, chapter.title, reading.done_characters
            path = Path(folder) / f"{number:0{len(str(len(chapters)))}d} {_file_name(chapter.title)}{suffix}"
            for _ in _read_chapter(tts, chapter, sampling, path, reading):
                reading.compute_seconds = time.perf_counter() - began
                yield reading
            reading.done_characters = before + len(chapter.text)
            _pack(bundle, path)
        if not any("file" in row for row in reading.rows):
            raise InputError(f"nothing in this book can be spoken: {reading.rows[0]['error']}")
        contents = {"seed": sampling.seed, "chapters": reading.rows}
        bundle.writestr(CONTENTS_NAME, json.dumps(contents, ensure_ascii=False, indent=1) + "\n")
    reading.compute_seconds = time.perf_counter() - began
    yield reading


def _read_chapter(tts: TTS, chapter: Chapter, sampling: SamplingConfig, path: Path, reading: Reading) -> Iterator[None]:
    """Write a chapter's files and its row; yields now and then."""
    sentences: list[Sentence] = []
    n_samples, last = 0, time.perf_counter()
    row: dict[str, object] = {"title": chapter.title}
    reading.rows.append(row)
    try:
        with open_audio(path, tts.sample_rate) as write:
            for chunk in tts.stream(chapter.text, sampling):
                write(chunk.audio)
                n_samples += len(chunk.audio)
                reading.audio_seconds += len(chunk.audio) / tts.sample_rate
                reading.done_characters += len(chunk.text)
                sentences += [Sentence(chunk.text, chunk.words)] if chunk.words else []
                if time.perf_counter() - last > REPORT_SECONDS:
                    last = time.perf_counter()
                    yield
    except InputError as error:
        row["error"] = str(error)
        return
    seconds = n_samples / tts.sample_rate
    path.with_suffix(".vtt").write_text(format_vtt(sentences, seconds), encoding="utf-8")
    row |= {"file": path.name, "seconds": round(seconds, 2)}
    yield


def _pack(bundle: zipfile.ZipFile, path: Path) -> None:
    """Move a chapter's files into the zip."""
    for file in (path, path.with_suffix(".vtt")):
        if file.exists():
            bundle.write(file, file.name)
            file.unlink()


def _file_name(title: str) -> str:
    """A title without what file systems do not like."""
    return re.sub(r"[^\w' -]+", "", title).strip()[:60] or "chapter"

"""One row of a corpus, whatever the corpus: what every reader yields and what preparation takes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tts.errors import InputError


class BadClip(InputError):
    """A clip that cannot be used: the kind of its damage in a word or two, and the reason in a sentence."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class Clip:
    """One recording with its transcript.

    Attributes:
        id: name of the clip in its corpus.
        audio: a file, a URL (str), or the bytes of an audio file; None when only the transcript is there.
        text: what is said.
        start: where in the audio it begins, seconds.
        end: where it ends, seconds; None is the end of the audio.
        speaker: a name; "" when the corpus has one speaker.
        split: "train", "valid" or "test"; "" when the corpus does not say.
        phonemes: pronunciation, if the corpus has it.
        f0: .npy of Hz per mel frame, if the corpus has it.
        kind: a label that is kept with the features.
        fault: kind and reason, when the reader knows already that the clip cannot be used.
    """

    id: str
    audio: Path | str | bytes | None
    text: str
    start: float = 0.0
    end: float | None = None
    speaker: str = ""
    split: str = ""
    phonemes: str | None = None
    f0: Path | None = None
    kind: str = ""
    fault: tuple[str, str] | None = None


def printable(path: Path | str) -> str:
    """A path as text that UTF-8 can write; bytes of a file name that are no UTF-8 become escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def clip_id(path: Path, folder: Path) -> str:
    """Name of a clip that is a file in a folder: its relative path without the suffix."""
    return printable(path.relative_to(folder).with_suffix("").as_posix())


def read_text_of(path: Path) -> tuple[str, tuple[str, str] | None]:
    """A transcript file's text, and the fault when it is missing or no text."""
    try:
        return path.read_text(encoding="utf-8-sig").strip(), None
    except FileNotFoundError:
        return "", ("no transcript", f"the transcript {printable(path)} is missing")
    except UnicodeDecodeError:
        return "", ("transcript", f"{printable(path)}: no UTF-8 text")
    except OSError as error:
        return "", ("transcript", f"{printable(path)}: cannot be read ({error.strerror})")


def lines_of(file: IO[bytes]) -> Iterator[tuple[int, str | None]]:
    """Numbers and texts of a file's lines that are not blank; None for a line that is no UTF-8. Only a newline ends a line."""
    for number, line in enumerate(file, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            yield number, None
            continue
        if text.strip():
            yield number, text


class SeenIds:
    """Which ids came before; kept in a temporary database on disk, so that a million of them cost no memory."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)
        for command in (
            "pragma journal_mode = off",
            "pragma synchronous = off",
            "pragma cache_size = -8000",
            "create table seen (id blob primary key) without rowid",
            "begin",
        ):
            self._base.execute(command)

    def add(self, name: str) -> bool:
        """Take an id; False when it came before."""
        cursor = self._base.execute("insert or ignore into seen values (?)", (name.encode("utf-8", "surrogatepass"),))
        return cursor.rowcount == 1

    def close(self) -> None:
        """Remove the database."""
        self._base.close()

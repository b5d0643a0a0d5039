"""The lines of `tts say --lines`, read as they are needed: a million of them cost no memory."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

from tts.cli.console import read_text
from tts.data.clips import lines_of
from tts.errors import InputError


class Lines:
    """The lines of a file with something in them, in order; read anew whenever they are iterated over."""

    def __init__(self, path: Path, name: str) -> None:
        """Count them.

        Args:
            path: of the file.
            name: that the user knows it by.

        Raises:
            InputError: it is no text.
        """
        self._path, self._count = path, 0
        with path.open("rb") as file:
            for number, line in lines_of(file):
                if line is None:
                    raise InputError(f"{name}: no UTF-8 text in line {number}; save it as UTF-8")
                self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as file:
            for _, line in islice(lines_of(file), self._count):  # a file may grow meanwhile
                yield (line or "").strip()


@contextmanager
def open_lines(text: str | None, file: Path | None) -> Iterator[Lines]:
    """The lines of what the user means, as `read_text` does; what is no file that can be read twice is kept in one.

    Raises:
        InputError: see `read_text`.
    """
    if text is None and file is not None and file.is_file():
        yield Lines(file, str(file))
        return
    with NamedTemporaryFile(prefix="tts-lines-") as spool:
        if _is_piped(text, file):
            shutil.copyfileobj(sys.stdin.buffer, spool)
        else:
            spool.write(read_text(text, file).encode())
        spool.flush()
        yield Lines(Path(spool.name), "stdin")


def _is_piped(text: str | None, file: Path | None) -> bool:
    means_stdin = text in (None, "-") if file is None else text is None and str(file) == "-"
    return means_stdin and sys.stdin is not None and not sys.stdin.isatty()

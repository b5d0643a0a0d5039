"""What every command needs of the terminal: messages on stderr, text from an argument, a file or a pipe, and a progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tts.errors import InputError

MAX_TEXT_BYTES = 50_000_000  # of one input; some 600 hours of speech
MAX_MESSAGE = 400  # characters; a message may quote what the user gave


def note(message: str) -> None:
    """Say something to the user, on stderr, as one line."""
    print(f"tts: {one_line(message)}", file=sys.stderr, flush=True)


def one_line(message: str) -> str:
    """A message without line breaks and control characters, which a terminal might obey; a very long one without its middle."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(message.splitlines()))
    half = MAX_MESSAGE // 2
    return line if len(line) <= MAX_MESSAGE else f"{line[:half]} ... {line[-half:]}"


def write_row(row: dict[str, Any]) -> None:
    """Write one JSON line to stdout, as UTF-8 whatever the locale."""
    write_out(json.dumps(row, ensure_ascii=False) + "\n")


def write_out(text: str) -> None:
    """Write text to stdout, as UTF-8 whatever the locale."""
    if sys.stdout is None:
        raise InputError("stdout is closed: nothing can be shown")
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def flush_out() -> None:
    """Write what waits in stdout, so that a closed pipe is found now and not at exit."""
    if sys.stdout is not None:
        sys.stdout.flush()


def read_text(text: str | None, file: Path | None) -> str:
    """The text that the user means: the argument, a file, or stdin for "-" and for nothing at all.

    Raises:
        InputError: none of them or two of them, or what is read is no text.
    """
    if file is not None:
        if text is not None:
            raise InputError(f"TEXT and -i {file}: give one of them")
        return _read_stdin() if str(file) == "-" else _read_file(file)
    if text is None and (sys.stdin is None or sys.stdin.isatty()):
        raise InputError("no text: give TEXT, -i FILE, or text on stdin")
    return _read_stdin() if text in (None, "-") else _decode(text.encode(errors="surrogatepass"), "TEXT")


def _read_stdin() -> str:
    if sys.stdin is None:
        raise InputError("stdin is closed: give TEXT or -i FILE")
    return _decode(sys.stdin.buffer.read(MAX_TEXT_BYTES + 1), "stdin")


def _read_file(file: Path) -> str:
    if file.is_dir():
        raise InputError(f"{file}: is a folder; name a text file")
    try:
        with file.open("rb") as opened:
            return _decode(opened.read(MAX_TEXT_BYTES + 1), str(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None


def _decode(data: bytes, source: str) -> str:
    if len(data) > MAX_TEXT_BYTES:
        raise InputError(f"{source}: over {MAX_TEXT_BYTES // 1_000_000} MB of text; cut it into parts")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: no UTF-8 text (byte 0x{data[error.start]:02x} at {error.start}); save it as UTF-8") from None


def split_lines(text: str) -> list[str]:
    """The lines with something in them, in order."""
    return [line.strip() for line in text.split("\n") if line.strip()]


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[..., None]]:
    """Show a bar with the time to come on stderr, if that is a terminal.

    Yields:
        A function that takes how much is done, a few words to show beside the bar, and the total, once it is known.
    """
    if not sys.stderr.isatty():
        yield lambda done, words="", total=None: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    text = TextColumn("{task.description}"), TextColumn("{task.fields[words]}")
    columns = (text[0], BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(), text[1])
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total, words="")
        yield lambda done, words="", total=None: progress.update(task, completed=done, words=words, total=total)

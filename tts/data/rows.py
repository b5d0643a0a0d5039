"""Work on rows, a part at a time, by whatever runs it: this process, several of them, or the nodes of a Ray cluster.

A *row job* is a pure function of a part: some rows in order, and the file that they become. What it writes depends on the rows
and its settings alone, and is there whole or not at all. So a part that was lost with its process is made again elsewhere, one
that is made twice counts once, and a second run goes on from the files of the first, whatever ran it. No torch.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from tts.checkpoint import replacing
from tts.errors import InputError

Row = dict[str, Any]
T = TypeVar("T")  # of rows
R = TypeVar("R")  # of results
Handle = TypeVar("Handle")


@dataclass(frozen=True)
class Part(Generic[T]):
    """What a job makes at once: the number of the part, its rows, and the file that they become."""

    number: int
    rows: list[T]
    path: Path


@dataclass(frozen=True)
class Finished(Generic[R]):
    """In place of a part that need not be made: its result."""

    result: R


class Runner(Protocol):
    """Runs a row job on parts."""

    def run(self, job: Callable[[Part[T]], R], parts: Iterable[Part[T] | Finished[R]]) -> Iterator[R]:
        """Results in the order of the parts, each once; only few parts are read ahead.

        Raises:
            InputError: the job's own, or a part cannot be made because its process ends again and again.
        """
        ...


@dataclass(frozen=True)
class LocalRunner:
    """Runs a job in this process, or in several on this machine."""

    workers: int = 1

    def run(self, job: Callable[[Part[T]], R], parts: Iterable[Part[T] | Finished[R]]) -> Iterator[R]:
        """See `Runner`; a process that ends stops the run."""
        if self.workers == 1:
            for part in parts:
                yield part.result if isinstance(part, Finished) else job(part)
            return
        pool = ProcessPoolExecutor(self.workers, initializer=_follow_parent)
        try:
            yield from in_order(parts, lambda part: pool.submit(job, part), Future.result, lambda: 3 * self.workers)
        except BrokenProcessPool:
            reason = "a process ended in the middle of its work (out of memory?)"
            raise InputError(f"{reason}; the same command goes on where it stopped, with fewer --workers if need be") from None
        finally:
            pool.shutdown(cancel_futures=True)


def open_runner(name: str, workers: int, address: str) -> Runner:
    """The runner that a user names.

    Args:
        name: local or ray.
        workers: processes of the local one.
        address: of the Ray cluster.

    Raises:
        InputError: unknown name.
    """
    if name == "local":
        return LocalRunner(workers)
    if name == "ray":
        from tts.data.cluster import RayRunner

        return RayRunner(address)
    raise InputError(f"--runner {name}: unknown; take local or ray")


def in_order(
    parts: Iterable[Part[T] | Finished[R]],
    submit: Callable[[Part[T]], Handle],
    take: Callable[[Handle], R],
    max_waiting: Callable[[], int],
) -> Iterator[R]:
    """Results in the order of the parts, of which only so many are submitted ahead."""
    waiting: deque[Finished[R] | Handle] = deque()

    def next_result() -> R:
        first = waiting.popleft()
        return first.result if isinstance(first, Finished) else take(first)

    for part in parts:
        waiting.append(part if isinstance(part, Finished) else submit(part))
        if len(waiting) > max_waiting():
            yield next_result()
    while waiting:
        yield next_result()


def _follow_parent() -> None:
    """End when the parent does, even if it is killed; an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def jsonl(rows: Sequence[Row]) -> str:
    """Rows as lines of JSON."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_rows(path: Path) -> list[Row]:
    """Read a file of one JSON object a line; only a newline ends a line (a text may hold other separators)."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_whole(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # half a surrogate pair becomes its JSON escape

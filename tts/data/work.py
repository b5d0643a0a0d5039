"""The work of preparation, a piece at a time, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from tts.audio.mel import MelConfig
from tts.data.clean import PrepareConfig
from tts.data.clips import Clip
from tts.data.extract import extract_or_reject
from tts.data.shards import PieceCounts, write_piece
from tts.errors import InputError


@dataclass(frozen=True)
class Job:
    """The work of one process: clips, settings, and the file that they become."""

    clips: list[Clip]
    mel: MelConfig
    config: PrepareConfig
    path: Path


def make_piece(job: Job) -> PieceCounts:
    """Make one piece; the same bytes wherever it is made."""
    return write_piece(job.path, [extract_or_reject(clip, job.mel, job.config) for clip in job.clips])


def run_jobs(jobs: Iterable[tuple[int, Job | PieceCounts]], workers: int) -> Iterator[tuple[int, PieceCounts]]:
    """Do the jobs, in this process or in several; results come in order, and few jobs are read ahead.

    Args:
        jobs: for every piece its number, and its work or, if that is done, its counts.
        workers: processes.

    Raises:
        InputError: a process was ended.
    """
    if workers == 1:
        for piece, job in jobs:
            yield piece, make_piece(job) if isinstance(job, Job) else job
        return
    pool = ProcessPoolExecutor(workers, initializer=_follow_parent)
    waiting: deque[tuple[int, Future[PieceCounts] | PieceCounts]] = deque()
    try:
        for piece, job in jobs:
            waiting.append((piece, pool.submit(make_piece, job) if isinstance(job, Job) else job))
            if len(waiting) > 3 * workers:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())
    except BrokenProcessPool:
        reason = "a process that made features ended (out of memory?)"
        raise InputError(f"{reason}; the same command goes on where it stopped, with fewer --workers if need be") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _result(piece: int, counts: Future[PieceCounts] | PieceCounts) -> tuple[int, PieceCounts]:
    return piece, counts if isinstance(counts, PieceCounts) else counts.result()


def _follow_parent() -> None:
    """End when the parent does, even if it is killed; an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""A stream: the speech of one request on its way from the threads that make it to the one reader that takes it.

The reader lives in the event loop, the makers are threads. What both touch is guarded by the scheduler's lock (`workers.py`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from tts.inference.speech import WordTiming
from tts.server.errors import ApiError

STARVED_SECONDS = 0.1  # a gap that is heard


class Gone(Exception):
    """The reader has left, or the server is ending: there is nobody to make the stream for."""


@dataclass(frozen=True)
class Piece:
    """Part of an answer.

    Attributes:
        data: encoded audio; may be empty.
        seconds: of audio that went into the encoder for it.
        n_frames: mel frames that were made for it.
        words: timings of all words of an utterance, on its first piece.
    """

    data: bytes
    seconds: float = 0.0
    n_frames: int = 0
    words: list[WordTiming] = field(default_factory=list)


Pieces = Generator[Piece, None, None]
Maker = Callable[[], Pieces]


class Playback:
    """A listener who begins to play at the first audio and never pauses: says how late each piece comes."""

    def __init__(self) -> None:
        """Nothing plays yet."""
        self.began: float | None = None
        self.seconds = self.late = self.longest = 0.0

    def hear(self, now: float, seconds: float) -> float:
        """Take a piece of so many seconds at a time; returns how long the listener heard nothing before it."""
        if self.began is None:
            self.began = now
        gap = max(0.0, now - self.began - self.seconds)
        self.began += gap
        self.seconds, self.late, self.longest = self.seconds + seconds, self.late + gap, max(self.longest, gap)
        return gap

    @property
    def runs_out(self) -> float:
        """When the listener will have heard all; -inf before the first audio."""
        return -math.inf if self.began is None else self.began + self.seconds

    def pause(self, seconds: float) -> None:
        """The listener has enough and does not want more for so long."""
        if self.began is not None:
            self.began += seconds


class Stream:
    """One request's pieces; only `workers.Scheduler` makes one."""

    def __init__(self, make: Maker, wait_seconds: float, taken: Callable[[Stream], None], left: Callable[[Stream], None]) -> None:
        """Open it.

        Args:
            make: starts the speech; called and run by worker threads, one at a time.
            wait_seconds: that the reader waits in all before it gives up.
            taken: is told when the reader has taken a piece.
            left: is told when the reader has left.
        """
        self.make, self.taken, self.left, self.wait_seconds = make, taken, left, wait_seconds
        self.loop, self.ready = asyncio.get_running_loop(), asyncio.Event()
        self.opened = time.monotonic()
        # Guarded by the scheduler's lock.
        self.pieces: deque[Piece] = deque()
        self.n_bytes = 0  # in `pieces`
        self.is_cancelled = self.is_ended = False
        self.error: Exception | None = None
        self.parked_at: float | None = None
        # The worker's who has it.
        self.iterator: Pieces | None = None
        self.playback, self.compute_seconds, self.held_seconds = Playback(), 0.0, 0.0

    async def __anext__(self) -> Piece:
        """The next piece.

        Raises:
            StopAsyncIteration: that was all.
            Gone: it was cancelled.
            ApiError: the speech does not come in time, or is too long.
            InputError: the text cannot be spoken.
        """
        await asyncio.sleep(0)  # a voice that is faster than the loop shall not keep it from seeing that readers leave
        while True:
            self.ready.clear()
            if self.is_cancelled:
                raise Gone
            if self.pieces:
                self.taken(self)
                return self.pieces.popleft()
            if self.error is not None:
                raise self.error
            if self.is_ended:
                raise StopAsyncIteration
            await self._wait()

    def __aiter__(self) -> Stream:
        """Itself."""
        return self

    def cancel(self) -> None:
        """Nobody wants the rest: its making stops at the next chunk."""
        self.left(self)
        self.ready.set()

    def wake(self) -> None:
        """Tell the reader, from any thread, that there is something new."""
        try:
            self.loop.call_soon_threadsafe(self.ready.set)
        except RuntimeError:  # the loop has ended, and the reader with it
            return

    async def _wait(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self.ready.wait()
        except TimeoutError:
            self.cancel()
            raise ApiError(503, "timeout", "the speech took too long; try again later", headers={"Retry-After": "5"}) from None
        self.wait_seconds -= time.monotonic() - began

"""The threads that speak: all accepted requests by turns, one chunk at a time, so that every listener hears without gaps.

At most `max_running` streams take turns; the next ones wait in order of arrival, and when `max_waiting` wait, a request is
refused at once. A stream whose reader has not taken `max_buffered_bytes` is parked: it takes no turns and its place is free until
the reader has taken half of them. Next is whose listener would first hear a gap; all who have LEAD_SECONDS in hand come in the
order of their last turns. A stream is in the hands of one thread at a time, with its generator and its encoder.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections import deque

from tts.errors import InputError
from tts.server.errors import ApiError, as_api_error
from tts.server.metrics import Metrics
from tts.server.settings import Limits
from tts.server.streams import STARVED_SECONDS, Maker, Piece, Stream

logger = logging.getLogger(__name__)
LEAD_SECONDS = 1.0
STUCK_SECONDS = 60  # of one turn, which takes some hundredths
MAX_RETRY_SECONDS = 30


class Scheduler:
    """Owns the threads and the order in which streams are spoken."""

    def __init__(self, limits: Limits, n_workers: int, metrics: Metrics) -> None:
        """Start the threads.

        Args:
            limits: see `Limits`.
            n_workers: threads.
            metrics: are told what happens.
        """
        self.limits, self.metrics = limits, metrics
        self.changed = threading.Condition()  # its lock guards all that follows, and the streams
        self.waiting: deque[Stream] = deque()  # not started
        self.turns: list[tuple[float, int, Stream]] = []  # a heap: when it must have its turn, order of arrival
        self.arrivals = itertools.count()
        self.parked: set[Stream] = set()
        self.n_running = self.n_open = 0
        self.mean_seconds = 0.5  # of compute for a request, lately
        self.is_draining = self.is_closed = False
        self.turn_began: dict[int, float] = {}
        self.threads = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(n_workers)]
        for thread in self.threads:
            thread.start()
        metrics.watch("tts_requests_running", "Streams that are being spoken.", lambda: self.n_running)
        metrics.watch("tts_requests_waiting", "Requests that wait to be spoken.", lambda: len(self.waiting))
        metrics.watch("tts_requests_parked", "Streams whose readers are slow.", lambda: len(self.parked))

    def open(self, make: Maker) -> Stream:
        """Accept a request; call it from the event loop.

        Args:
            make: starts its speech, in a worker thread.

        Raises:
            ApiError: there is no room (429), or the server is ending (503).
        """
        with self.changed:
            if self.is_draining or self.is_closed:
                raise ApiError(503, "shutting_down", "the server is shutting down", headers={"Retry-After": "5"})
            has_place = self.n_running < self.limits.max_running or len(self.waiting) < self.limits.max_waiting
            if not has_place or self.n_open >= self.limits.max_open:
                retry = {"Retry-After": str(self._retry_seconds())}
                raise ApiError(429, "rate_limit_exceeded", "the server is busy; try again later", headers=retry)
            stream = Stream(make, self.limits.wait_seconds, self._taken, self._left)
            self.metrics.accepted.inc()
            self.n_open += 1
            self.waiting.append(stream)
            self._start()
        return stream

    def is_healthy(self) -> bool:
        """Whether all threads live, and none is stuck."""
        longest = max((time.monotonic() - began for began in list(self.turn_began.values())), default=0.0)
        return not self.is_closed and longest < STUCK_SECONDS and all(thread.is_alive() for thread in self.threads)

    def drain(self) -> None:
        """Accept no more; what was accepted is spoken to its end. Takes no lock: a signal handler may call it."""
        self.is_draining = True

    def close(self, seconds: float = 5.0) -> None:
        """End the threads, and cancel what is open."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
            for stream in (*self.waiting, *(turn[-1] for turn in self.turns), *self.parked):
                self._end(stream, "cancelled")
                stream.is_cancelled = True
                stream.wake()
        for thread in self.threads:
            thread.join(seconds)

    def _retry_seconds(self) -> int:
        """When there may be room again."""
        seconds = (len(self.waiting) + 1) * self.mean_seconds / len(self.threads)
        return min(MAX_RETRY_SECONDS, max(1, math.ceil(seconds)))

    def _start(self) -> None:
        """Let waiting streams begin while there is room."""
        while self.waiting and self.n_running < self.limits.max_running:
            self._queue(self.waiting.popleft())
            self.n_running += 1
            self.changed.notify()

    def _queue(self, stream: Stream) -> None:
        """Give a stream a turn to come: the sooner, the sooner its listener would hear a gap."""
        due = min(stream.playback.runs_out, time.monotonic() + LEAD_SECONDS)
        heapq.heappush(self.turns, (due, next(self.arrivals), stream))

    def _taken(self, stream: Stream) -> None:
        """The reader takes the next piece."""
        with self.changed:
            stream.n_bytes -= len(stream.pieces[0].data)
            if stream in self.parked and stream.n_bytes <= self.limits.max_buffered_bytes // 2:
                self._unpark(stream)

    def _left(self, stream: Stream) -> None:
        """The reader is gone."""
        with self.changed:
            if stream.is_ended or stream.is_cancelled:
                stream.is_cancelled = True
                return
            stream.is_cancelled = True
            if stream in self.waiting:
                self.waiting.remove(stream)
                self._end(stream, "cancelled")
            elif stream in self.parked:
                self._unpark(stream)  # a worker closes it

    def _unpark(self, stream: Stream) -> None:
        self.parked.remove(stream)
        assert stream.parked_at is not None
        stream.playback.pause(time.monotonic() - stream.parked_at)
        self.n_running += 1
        self._queue(stream)
        self.changed.notify()

    def _work(self, index: int) -> None:
        """Life of a thread."""
        while (stream := self._next()) is not None:
            began = time.monotonic()
            self.turn_began[index] = began
            self._turn(stream)
            del self.turn_began[index]

    def _next(self) -> Stream | None:
        """The stream whose turn it is; waits for one, None ends the thread."""
        with self.changed:
            while not self.is_closed and not self.turns:
                self.changed.wait()
            return None if self.is_closed else heapq.heappop(self.turns)[-1]

    def _turn(self, stream: Stream) -> None:
        """Make one piece of a stream."""
        piece: Piece | None = None
        error: Exception | None = None
        began = time.monotonic()
        try:
            if not stream.is_cancelled:
                stream.iterator = stream.iterator or stream.make()
                piece = next(stream.iterator, None)
            if piece is None and stream.iterator is not None:
                stream.iterator.close()
        except (ApiError, InputError) as refusal:
            error = refusal
        except Exception as fault:
            logger.exception("a request failed")
            error = as_api_error(fault)
        now = time.monotonic()
        stream.compute_seconds += now - began
        if piece is not None:
            self._measure(stream, piece, now)
        with self.changed:
            self._settle(stream, piece, error, now)
        stream.wake()

    def _settle(self, stream: Stream, piece: Piece | None, error: Exception | None, now: float) -> None:
        """What becomes of a stream after its turn."""
        if piece is None or self.is_closed:
            stream.error = error
            self.n_running -= 1
            self._end(stream, self._outcome(stream, piece, error))
            self._start()
            return
        if piece.data or piece.words or piece.n_frames:
            stream.pieces.append(piece)
            stream.n_bytes += len(piece.data)
        if stream.n_bytes > self.limits.max_buffered_bytes and not stream.is_cancelled:
            stream.parked_at = now
            self.parked.add(stream)
            self.n_running -= 1
            self._start()
        else:
            self._queue(stream)  # for the thread that is free now: this one

    @staticmethod
    def _outcome(stream: Stream, piece: Piece | None, error: Exception | None) -> str:
        if error is not None:
            return "failed" if isinstance(error, ApiError) and error.status_code >= 500 else "refused"
        return "cancelled" if stream.is_cancelled or piece is not None else "complete"

    def _measure(self, stream: Stream, piece: Piece, now: float) -> None:
        stream.held_seconds += piece.seconds
        if not piece.data:  # the encoder waits for more
            return
        if stream.playback.began is None:
            self.metrics.first_audio.observe(now - stream.opened)
        gap = stream.playback.hear(now, stream.held_seconds)
        self.metrics.audio_seconds.inc(stream.held_seconds)
        stream.held_seconds = 0.0
        if gap > 0:
            self.metrics.underruns.inc()
            self.metrics.underrun_seconds.inc(gap)

    def _end(self, stream: Stream, outcome: str) -> None:
        """Count a stream out; it must be in no queue any more, or the scheduler is closing."""
        stream.is_ended = True
        self.n_open -= 1
        self.metrics.ended.labels(outcome).inc()
        if stream.playback.longest > STARVED_SECONDS:
            self.metrics.starved.inc()
        if outcome == "complete" and stream.playback.seconds:
            self.metrics.rtf.observe(stream.compute_seconds / stream.playback.seconds)
            self.mean_seconds += (stream.compute_seconds - self.mean_seconds) / 16

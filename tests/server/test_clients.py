"""Clients that leave, dawdle or stall: what they asked for stops, and nobody else notices."""

import gc
import os
import random
import socket
import threading
import time

import pytest
from callers import ORDER, ask, connect, metric, raw, read_all
from tones import ToneModel, serving, wait_until

from tts.server import listen

LONG = ORDER | {"input": "word " * 800}  # 200 seconds of audio


@pytest.fixture(scope="module")
def slow_voice():
    """A server whose voice needs 5 ms for a chunk, so that a long text takes 6 seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listen, "WATCH_SECONDS", 0.1)
        with serving(ToneModel(chunk_seconds=0.005), ask_seconds=0.5, stall_seconds=1) as running:
            yield running


def n_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def begin(running, order=LONG, n_bytes: int = 2000) -> socket.socket:
    """Ask, and read the beginning of the answer."""
    bare = connect(running)
    bare.sendall(raw(order))
    assert bare.recv(n_bytes).startswith(b"HTTP/1.1 200")
    return bare


def assert_stops(running, left_at: float) -> None:
    """Whether all speaking stopped within half a second."""
    wait_until(lambda: running.desk.scheduler.n_open == 0)
    assert running.model.last_chunk - left_at < 0.5
    assert running.model.n_closed == running.model.n_begun


@pytest.mark.parametrize("way", ["close", "reset", "half"])
def test_speaking_stops_when_the_reader_leaves(slow_voice, way):
    bare = begin(slow_voice)
    if way == "reset":
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    left_at = time.monotonic()
    if way == "half":
        bare.shutdown(socket.SHUT_WR)
    else:
        bare.close()
    assert_stops(slow_voice, left_at)
    bare.close()


def test_who_leaves_the_queue_is_forgotten():
    with serving(ToneModel(chunk_seconds=0.005), max_running=1) as running:
        first, second = begin(running), connect(running)
        second.sendall(raw(LONG))
        wait_until(lambda: len(running.desk.scheduler.waiting) == 1)
        second.close()
        wait_until(lambda: running.desk.scheduler.n_open == 1)
        assert running.model.n_begun == 1
        first.close()
        wait_until(lambda: running.desk.scheduler.n_open == 0)
        assert metric(running, "tts_requests_ended_total") == 2


def test_forty_readers_who_leave_at_random_leave_nothing_behind(slow_voice):
    ask(slow_voice, ORDER)
    rng = random.Random(1)
    n_threads, n_open_files = threading.active_count(), n_files()
    for _ in range(10):
        bare = [connect(slow_voice) for _ in range(4)]
        for one in bare:
            one.sendall(raw(LONG)[: rng.choice([40, None, None, None])])
        time.sleep(rng.uniform(0, 0.05))
        left_at = time.monotonic()
        for one in bare:
            one.close()
        assert_stops(slow_voice, left_at)
    wait_until(lambda: not slow_voice.server.server_state.connections and threading.active_count() == n_threads)
    wait_until(lambda: n_files() <= n_open_files)
    assert metric(slow_voice, "tts_requests_accepted_total") == metric(slow_voice, "tts_requests_ended_total")


def test_a_slow_reader_holds_little_memory_and_no_ones_place():
    with serving(max_running=1, max_buffered_bytes=65_536) as running:
        slow = connect(running, receive_bytes=65_536)
        slow.sendall(raw(LONG | {"response_format": "wav"}))
        wait_until(lambda: running.desk.scheduler.parked)
        (stream,) = running.desk.scheduler.parked
        assert stream.n_bytes < 65_536 + 50_000 and sum(len(piece.data) for piece in stream.pieces) == stream.n_bytes
        assert ask(running, ORDER).status == 200
        n_bytes, end = 0, b""
        while not end.endswith(b"0\r\n\r\n"):
            end = slow.recv(1_000_000)
            n_bytes += len(end)
        assert n_bytes > 200 * 48_000, "all of it comes in the end"
        wait_until(lambda: running.desk.scheduler.n_open == 0)
        assert metric(running, "tts_audio_underruns_total") == 0, "its slowness is not ours"
        slow.close()


def test_a_reader_who_takes_nothing_is_cut_off(slow_voice):
    slow_voice.model.chunk_seconds = 0.0
    bare = connect(slow_voice, receive_bytes=4096)
    bare.sendall(raw(LONG))
    began = time.monotonic()
    wait_until(lambda: slow_voice.desk.scheduler.n_open == 1)
    wait_until(lambda: slow_voice.desk.scheduler.n_open == 0, 20)
    slow_voice.model.chunk_seconds = 0.005
    assert 0.9 < time.monotonic() - began < 15
    bare.close()


@pytest.mark.parametrize("part", [b"", b"POST /v1/audio/speech HTTP/1.1\r\nHost:", raw(ORDER)[:-5]])
def test_a_request_that_does_not_come_is_not_waited_for(slow_voice, part):
    with connect(slow_voice) as bare:
        began = time.monotonic()
        bare.sendall(part)
        answer = read_all(bare)
        assert time.monotonic() - began < 8
    if part == raw(ORDER)[:-5]:
        assert answer.startswith(b"HTTP/1.1 408") and b'"request_timeout"' in answer
    else:
        assert answer == b""


def test_a_drip_of_headers_does_not_keep_a_connection(slow_voice):
    with connect(slow_voice) as bare:
        began = time.monotonic()
        with pytest.raises(OSError, match=r"reset|pipe"):
            for byte in (b"GET /health HTTP/1.1\r\nX: " + b"a" * 1000).hex().encode():
                bare.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - began < 8


def test_one_connection_serves_many_requests_even_those_sent_ahead(slow_voice):
    with connect(slow_voice) as bare:
        bare.sendall(raw(ORDER) * 3)
        bare.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = read_all(bare)
    assert answer.count(b"HTTP/1.1 200") == 4 and answer.count(b"\r\n0\r\n\r\n") == 3

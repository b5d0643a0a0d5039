"""Turns, the queue and the end: every accepted request is spoken to its end, in turns, and the others are told at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from callers import ORDER, ask, connect, metric, raw, read_all
from test_speech import pcm_of
from tones import ToneModel, serving, wait_until

from tts.server.streams import Playback


def test_of_a_burst_as_many_as_there_is_room_for_are_served_and_the_others_told_at_once():
    with serving(ToneModel(chunk_seconds=0.02), max_running=8, max_waiting=16) as running:
        barrier = threading.Barrier(64)

        def call(index: int):
            barrier.wait()
            began = time.monotonic()
            text = f"This is the text of caller {index}."
            return text, ask(running, ORDER | {"input": text}), time.monotonic() - began

        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(call, range(64)))
        served = [(text, answer) for text, answer, _ in answers if answer.status == 200]
        refused = [(answer, seconds) for _, answer, seconds in answers if answer.status != 200]
        assert len(served) >= 24 and all(answer.body == pcm_of(text) for text, answer in served)
        for answer, seconds in refused:
            assert answer.status == 429 and 1 <= int(answer.headers["Retry-After"]) <= 30 and seconds < 2
            assert answer.error["type"] == "rate_limit_error" and answer.error["code"] == "rate_limit_exceeded"
        assert len(refused) > 10
        assert metric(running, "tts_requests_ended_total") == metric(running, "tts_requests_accepted_total") == len(served)
        assert metric(running, "tts_requests_running") == metric(running, "tts_requests_waiting") == 0


def test_a_short_text_does_not_wait_for_a_long_one():
    with serving(ToneModel(chunk_seconds=0.005), workers=1) as running, connect(running) as long:
        long.sendall(raw(ORDER | {"input": "word " * 800}))
        wait_until(lambda: running.model.n_chunks > 3)
        assert ask(running, ORDER).status == 200
        assert running.desk.scheduler.n_running == 1 and running.model.n_chunks < 600


def test_streams_take_turns():
    """With one worker, chunks of two texts alternate."""
    with serving(ToneModel(chunk_seconds=0.002), workers=1, max_running=2) as running, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda letter: ask(running, ORDER | {"input": letter * 200}), "ab"))
    order = running.model.order
    both = order[order.index("b" if order[0] == "a" else "a") + 15 : 75]  # when both have a second in hand
    assert len(both) > 20 and all(one != other for one, other in pairwise(both))


def test_who_has_little_in_hand_comes_first():
    """A stream that begins beside three long ones has half a second of audio after a few turns of theirs."""
    with serving(ToneModel(chunk_seconds=0.005), workers=1) as running:
        order = running.model.order
        long = [connect(running) for _ in range(3)]
        for bare in long:
            bare.sendall(raw(ORDER | {"input": "l" * 4000}))
        wait_until(lambda: len(order) > 30)
        assert ask(running, ORDER | {"input": "new one"}).status == 200  # 3 chunks
        begin = order.index("n")
        assert order[begin : begin + 3] == ["n"] * 3
        for bare in long:
            bare.close()


def test_nobody_waits_for_ever():
    with serving(ToneModel(chunk_seconds=1.5), max_running=1, wait_seconds=0.3) as running, connect(running) as first:
        first.sendall(raw(ORDER))
        wait_until(lambda: running.model.n_begun == 1)
        answer = ask(running, ORDER)
        assert answer.status == 503 and answer.error["code"] == "timeout" and answer.headers["Retry-After"]
        assert running.model.n_begun == 1


def test_when_told_to_end_it_finishes_what_it_began_and_takes_no_more():
    with serving(ToneModel(chunk_seconds=0.01)) as running, connect(running) as bare, connect(running) as idle:
        text = "word " * 30
        bare.sendall(raw(ORDER | {"input": text}))
        wait_until(lambda: running.model.n_chunks > 2)
        running.server.handle_exit(15, None)
        answer = read_all(bare)
        assert answer.count(b"HTTP/1.1 200") == 1 and answer.endswith(b"0\r\n\r\n") and len(answer) > len(pcm_of(text))
        assert read_all(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(running)
        running.thread.join(10)
        assert not any(thread.is_alive() for thread in running.desk.scheduler.threads)


def test_what_takes_too_long_to_end_is_cut_off():
    with serving(ToneModel(chunk_seconds=0.05), drain_seconds=1) as running, connect(running) as bare:
        bare.sendall(raw(ORDER | {"input": "word " * 800}))
        wait_until(lambda: running.model.n_chunks > 2)
        began = time.monotonic()
        running.server.handle_exit(15, None)
        assert not read_all(bare).endswith(b"0\r\n\r\n")
        running.thread.join(10)
        assert time.monotonic() - began < 8 and not running.thread.is_alive()


def test_a_voice_slower_than_playback_shows_in_the_metrics():
    seconds = 2 * 4096 / 24_000  # twice as long as a chunk plays
    with serving(ToneModel(chunk_seconds=seconds)) as running:
        ask(running, ORDER | {"input": "A text of five."})
        assert metric(running, "tts_audio_underruns_total") >= 3 and metric(running, "tts_streams_starved_total") == 1
        assert metric(running, "tts_audio_underrun_seconds_total") > 0.3
        assert metric(running, "tts_real_time_factor_sum") > 1.5
        assert metric(running, "tts_time_to_first_audio_seconds_count") == 1


def test_a_listener_hears_a_gap_when_a_piece_comes_after_the_last_one_ended():
    playback = Playback()
    assert playback.hear(10.0, 1.0) == 0
    assert playback.hear(10.9, 1.0) == 0
    assert playback.hear(12.5, 1.0) == pytest.approx(0.5)
    assert playback.hear(13.4, 1.0) == 0, "the gap moved the end of what plays"
    playback.pause(5)
    assert playback.hear(18.0, 1.0) == 0
    assert playback.late == playback.longest == pytest.approx(0.5)

"""The server under load: a thousand callers at once, two hundred who leave, two minutes of everything with the bundled voice."""

import asyncio
import gc
import json
import random
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "server"))

from callers import ORDER, ask, connect, metric, raw  # noqa: E402
from tones import ToneModel, serving, tone_of, wait_until  # noqa: E402

from tts import SamplingConfig  # noqa: E402
from tts.audio.io import to_pcm16  # noqa: E402
from tts.server.desk import load_speakers  # noqa: E402

N_CALLERS, N_LEAVING = 1_000, 200


@pytest.fixture
def many_files():
    """Both ends of all connections are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def samples_of(answer: bytes) -> bytes:
    """The audio of an answer of HTTP, its chunks joined."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    audio = []
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            return b"".join(audio)
        audio.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]


async def call(port: int, text: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw(ORDER | {"input": text}).replace(b"Host: here", b"Host: here\r\nConnection: close"))
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.slow
def test_each_of_a_thousand_callers_at_once_gets_the_audio_of_its_own_text(many_files):
    texts = [f"Caller {index} says {index * 7919}." for index in range(N_CALLERS)]

    async def run(port: int) -> list[bytes]:
        return await asyncio.gather(*(call(port, text) for text in texts))

    limits = {"max_waiting": N_CALLERS, "max_open": 2 * N_CALLERS, "max_connections": 2 * N_CALLERS, "ask_seconds": 60}
    with serving(ToneModel(chunk_seconds=0.0005), workers=4, max_running=16, **limits) as running:
        answers = asyncio.run(run(running.port))
        assert metric(running, "tts_requests_ended_total") == metric(running, "tts_requests_accepted_total") == N_CALLERS
    for text, answer in zip(texts, answers, strict=True):
        assert samples_of(answer) == to_pcm16(tone_of(text)).tobytes(), text


def n_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_two_hundred_readers_who_leave_at_random_leave_nothing_behind():
    rng = random.Random(2)
    with serving(ToneModel(chunk_seconds=0.003)) as running:
        ask(running, ORDER)
        n_threads, n_open_files, slowest = threading.active_count(), n_files(), 0.0
        for _ in range(N_LEAVING):
            order = ORDER | {"input": "word " * 800, "response_format": rng.choice(["pcm", "mp3", "opus", "flac"])}
            with connect(running) as bare:
                bare.sendall(raw(order))
                time.sleep(rng.uniform(0, 0.1))
                left_at = time.monotonic()
            wait_until(lambda: running.desk.scheduler.n_open == 0 and running.model.n_begun == running.model.n_closed)
            slowest = max(slowest, running.model.last_chunk - left_at)
        assert slowest < 0.5
        wait_until(lambda: not running.server.server_state.connections)
        assert threading.active_count() == n_threads and n_files() <= n_open_files
        assert metric(running, "tts_requests_ended_total") == metric(running, "tts_requests_accepted_total")


@pytest.mark.slow
def test_threads_of_one_voice_do_not_disturb_each_other():
    """The server lets several threads speak with one voice: the same bytes as one after another."""
    tts = load_speakers(["heart"])[0].model
    texts = [
        f"Zyxolant number {index} met Dr. Quorbin for ${index}.50 in Mosq{'u' * (index % 3)}ito Town." for index in range(12)
    ]

    def speak(index: int) -> bytes:
        return tts.synthesize(texts[index], SamplingConfig(seed=index)).audio.tobytes()

    together: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda first=first: together.update({i: speak(i) for i in range(first, 12, 4)}))
        for first in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[index] for index in range(12)] == [speak(index) for index in range(12)]


@pytest.mark.slow
def test_two_minutes_of_load_lose_nothing_and_mix_up_nothing(tmp_path):
    path = tmp_path / "load.json"
    command = [sys.executable, "recipes/load/run.py", "--requests", "20", "--soak", "2", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "exit status after SIGTERM: 0" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    figures = json.loads(path.read_text(encoding="utf-8"))
    answers = [figures["burst"], figures["soak"], *figures["streams"]]
    assert all(row["wrong_audio"] == 0 and set(row["ends"]) <= {"200", "429"} for row in answers)
    assert figures["burst"]["ends"]["200"] >= 24 and figures["soak"]["lost"] == 0 and figures["soak"]["nonsense_refused"]
    assert figures["disconnects"]["open_files_more"] <= 0 and figures["disconnects"]["threads_more"] <= 0
    assert figures["soak"]["memory_slope_mb_per_hour"] < 300, (
        "of two minutes a slope says little; a leak of every answer it does show"
    )

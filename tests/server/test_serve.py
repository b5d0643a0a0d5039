"""`tts serve` in a process of its own, with the bundled voice."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from callers import ORDER, SPEECH, TIMESTAMPS, ask
from tones import wait_until

from tts import TTS, SamplingConfig
from tts.audio.io import to_pcm16
from tts.cli import main

ROOT = Path(__file__).parents[2]
TEXT = "The birch canoe slid on the smooth planks. It cost $4.75, Zyxomatic said."


class Process:
    """A server in a process."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        command = [sys.executable, "-m", "tts.cli", "serve", "--port", "0", *arguments]
        settings = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | settings, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")), daemon=True).start()
        wait_until(lambda: self.address or self.process.poll() is not None, 120)
        assert self.address, "".join(self.lines)
        self.port = int(self.address.group(1))

    @property
    def address(self):
        return re.search(r"listening on http://127\.0\.0\.1:(\d+)", "".join(self.lines))


@pytest.fixture(scope="module")
def served():
    served = Process(TTS_MAX_CHARACTERS="3000")
    yield served
    served.process.kill()
    served.process.communicate()


@pytest.fixture(scope="module")
def heart():
    return TTS.load("heart")


def test_the_answer_is_what_the_engine_says(served, heart):
    order = ORDER | {"input": TEXT, "seed": 5, "speed": 1.2}
    speech = heart.synthesize(TEXT, SamplingConfig(seed=5, speed=1.2))
    assert ask(served, order).body == to_pcm16(speech.audio).tobytes()
    rows = ask(served, order | {"stream": False}, TIMESTAMPS).json()["timestamps"]
    assert [row["word"] for row in rows] == [word.text for word in speech.words]
    assert rows[-1]["end_time"] == pytest.approx(speech.words[-1].end, abs=1e-3)


def test_streams_at_the_same_time_do_not_disturb_each_other(served, heart):
    from concurrent.futures import ThreadPoolExecutor

    orders = [ORDER | {"input": f"Caller number {index} asked for this sentence.", "seed": index} for index in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda order: ask(served, order).body, orders))
    for order, answer in zip(orders, answers, strict=True):
        assert answer == to_pcm16(heart.synthesize(order["input"], SamplingConfig(seed=order["seed"])).audio).tobytes()


@pytest.mark.parametrize("text", ["...", "[pause:1e9] Hello.", "[word](/12/)", "a" * 3001])
def test_what_the_voice_cannot_say_is_refused(served, text):
    answer = ask(served, ORDER | {"input": text})
    assert answer.status == 400 and answer.error["param"] == "input"


def test_the_term_signal_lets_an_answer_end_and_the_status_is_0(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("POST", SPEECH, json.dumps(ORDER | {"input": TEXT * 6}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.read(1000)
    served.process.send_signal(signal.SIGTERM)
    assert len(response.read()) > 48_000 * 15
    assert served.process.wait(20) == 0
    assert served.process.stdout.read() == "" and "Traceback" not in "".join(served.lines)
    assert "canoe" not in "".join(served.lines), "texts are not logged"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "99999"),
        (["--voice", "nobody"], "nobody"),
        (["--log-level", "loud"], "debug, info"),
        (["--workers", "0"], "workers"),
        (["--host", "192.0.2.1"], "192.0.2.1"),
    ],
)
def test_a_wrong_flag_is_one_line(capsys, arguments, said):
    assert main(["serve", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.splitlines()[-1].startswith("tts: error: ")


def test_without_the_extra_it_is_named(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("tts.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve"]) == 2
    assert "pip install 'calm-tts[serve]'" in capsys.readouterr().err

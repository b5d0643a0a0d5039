"""How the server bears load: latency, streams that play without gaps, bursts, readers who leave, and a long run.

    python recipes/load/run.py                       # its own server, all parts, two minutes of soak: six minutes in all
    python recipes/load/run.py --soak 30 --json load.json
    python recipes/load/run.py --url http://localhost:8000 --parts requests,streams

Every audio is compared with that of the same text spoken alone (same seed, same bytes), so that a mix-up cannot hide. The machine
should do nothing else. Expected on two cores of an AMD EPYC (Zen 4): first audio under 150 ms (median) and 300 ms (95 %), RTF
under 0.1, no gaps at 4 streams, nothing lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from caller import Call, Server  # noqa: E402

from tts.evaluation.texts import long_text  # noqa: E402

SHORTEST, LONGEST = 20, 250  # characters
STREAMS = (1, 2, 4, 8)
BURST, DISCONNECTS = 64, 200
LOAD = 0.7  # of capacity, in the soak
LEAVING, WRONG = 0.1, 0.05  # shares of callers in the soak
PARTS = ("requests", "streams", "burst", "disconnects", "soak")


def make_texts(n_texts: int) -> list[str]:
    """Texts of SHORTEST to LONGEST characters, in mixed order."""
    words = long_text(60 * n_texts).split()
    texts = []
    for size in np.linspace(SHORTEST, LONGEST, n_texts).astype(int):
        text = words.pop(0)
        while len(text) < size - 6:
            text += " " + words.pop(0)
        texts.append(text.rstrip(".") + ".")
    random.Random(0).shuffle(texts)
    return texts


@contextmanager
def own_server() -> Iterator[tuple[Server, int]]:
    """A server for this run alone, and its process id."""
    command = [sys.executable, "-m", "tts.cli", "serve", "--port", "0", "--log-level", "info"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"listening on (http://\S+)", line):
                break
        else:
            sys.exit("the server did not start")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield Server(found.group(1)), process.pid
    finally:
        process.terminate()
        print(f"exit status after SIGTERM: {process.wait(60)}")


class Load:
    """All parts of the measurement."""

    def __init__(self, server: Server, pid: int | None, n_requests: int) -> None:
        self.server, self.pid = server, pid
        self.texts = make_texts(n_requests)
        self.rng = random.Random(0)
        self.expected: dict[str, str] = {}
        self.capacity = 20.0  # seconds of audio per second
        self.mean_seconds = 8.0  # of the texts' audio

    def requests(self) -> dict[str, Any]:
        """One after another."""
        self.server.ask(self.texts[0])
        calls = [self.server.ask(text) for text in self.texts]
        self.expected = {text: call.digest for text, call in zip(self.texts, calls, strict=True)}
        self.mean_seconds = float(np.mean([call.audio_seconds for call in calls]))
        first, rtf = [1000 * call.first_seconds for call in calls], [call.rtf for call in calls]
        return {
            "requests": len(calls),
            "complete": sum(call.status == 200 for call in calls),
            "first_audio_ms": {"p50": float(np.median(first)), "p95": float(np.quantile(first, 0.95)), "max": max(first)},
            "rtf": {"p50": float(np.median(rtf)), "p95": float(np.quantile(rtf, 0.95)), "max": max(rtf)},
        }

    def streams(self) -> list[dict[str, Any]]:
        """Several at a time, each caller asking again as soon as it has its answer."""
        rows = []
        for n_streams in STREAMS:
            began = time.perf_counter()
            with ThreadPoolExecutor(n_streams) as pool:
                calls = list(pool.map(self.server.ask, self.texts))
            wall = time.perf_counter() - began
            first = [1000 * call.first_seconds for call in calls]
            row = {"streams": n_streams} | self._ends(self.texts, calls)
            row |= {"with_gaps": sum(call.gap_seconds > 0 for call in calls)}
            row |= {"longest_gap_ms": 1000 * max(call.gap_seconds for call in calls)}
            row |= {"first_audio_ms_p95": float(np.quantile(first, 0.95))}
            rows.append(row | {"audio_per_second": sum(call.audio_seconds for call in calls) / wall})
        self.capacity = max(row["audio_per_second"] for row in rows)
        for row in rows:
            row["of_best"] = row["audio_per_second"] / self.capacity
        return rows

    def burst(self) -> dict[str, Any]:
        """All at once."""
        barrier = threading.Barrier(BURST)

        def call(text: str) -> Call:
            barrier.wait()
            return self.server.ask(text)

        texts = (self.texts * BURST)[:BURST]
        with ThreadPoolExecutor(BURST) as pool:
            calls = list(pool.map(call, texts))
        refused = [1000 * call.total_seconds for call in calls if call.status == 429]
        time.sleep(5)
        later = 1000 * self.server.ask(self.texts[0]).first_seconds
        return self._ends(texts, calls) | {"slowest_refusal_ms": max(refused, default=0.0), "first_audio_ms_later": later}

    def disconnects(self) -> dict[str, Any]:
        """Callers who leave at random moments; whether the server is at rest again within half a second each time."""
        before, threads = self.server.metrics(), self._threads()
        stops = []
        for _ in range(DISCONNECTS):
            self.server.ask(" ".join(self.texts[:15])[:4000], self.rng.uniform(0, 0.4))
            began = time.perf_counter()
            while self._open():
                time.sleep(0.002)
            stops.append(1000 * (time.perf_counter() - began))
        time.sleep(1)
        after = self.server.metrics()
        files = after["process_open_fds"] - before["process_open_fds"]
        stop = {"p50": float(np.median(stops)), "max": max(stops)}
        return {"stop_ms": stop, "open_files_more": files, "threads_more": self._threads() - threads, "open": self._open()}

    def soak(self, minutes: float) -> dict[str, Any]:
        """Callers who come at random, at LOAD of capacity; some leave, some send nonsense."""
        seconds, began = 60 * minutes, time.monotonic()
        rate = LOAD * self.capacity / self.mean_seconds
        memory: list[tuple[float, float]] = []
        asked: list[tuple[str, Call]] = []

        def call(text: str, leave_after: float | None) -> None:
            asked.append((text if leave_after is None else "", self.server.ask(text, leave_after)))

        with ThreadPoolExecutor(64) as pool:
            while (now := time.monotonic() - began) < seconds:
                kind = self.rng.random()
                text = "..." if kind < WRONG else self.rng.choice(self.texts)
                pool.submit(call, text, self.rng.uniform(0, 0.3) if kind > 1 - LEAVING else None)
                if not memory or now - memory[-1][0] > 2:
                    memory.append((now, self.server.metrics()["process_resident_memory_bytes"] / 2**20))
                time.sleep(self.rng.expovariate(rate))
        while self._open():
            time.sleep(0.1)
        stayed = [(text, call) for text, call in asked if text not in ("", "...")]
        steady = np.array([row for row in memory if row[0] > seconds / 4])
        slope = 3600 * float(np.polyfit(steady[:, 0], steady[:, 1], 1)[0])
        first = [1000 * call.first_seconds for _, call in stayed if call.status == 200]
        figures = {"minutes": minutes, "requests": len(asked), "rate": rate} | self._ends(*zip(*stayed, strict=True))
        figures |= {"nonsense_refused": all(call.status in (400, 429) for text, call in asked if text == "...")}
        figures |= {
            "with_gaps": sum(call.gap_seconds > 0 for _, call in stayed),
            "first_audio_ms_p95": float(np.quantile(first, 0.95)),
        }
        return figures | {"lost": self._lost(), "memory_mb": float(steady[-1, 1]), "memory_slope_mb_per_hour": slope}

    def _ends(self, texts: Any, calls: Any) -> dict[str, Any]:
        """How calls ended, and how many answers are not those of their text."""
        ends = Counter(call.status for call in calls)
        pairs = zip(texts, calls, strict=True)
        wrong = sum(call.status == 200 and call.digest != self.expected.get(text, call.digest) for text, call in pairs)
        return {"ends": {str(status): count for status, count in sorted(ends.items())}, "wrong_audio": wrong}

    def _open(self) -> int:
        return round(self._count("accepted") - self._count("ended"))

    def _lost(self) -> int:
        """Accepted requests that never ended; call it when nothing is under way."""
        return self._open()

    def _count(self, what: str) -> float:
        return self.server.metrics().get(f"tts_requests_{what}_total", 0.0)

    def _threads(self) -> int:
        """Threads of the server, if it is ours."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir())) if self.pid else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--key", default="", help="its API key")
    parser.add_argument("--parts", default=",".join(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--requests", type=int, default=100, help="texts of the parts requests and streams")
    parser.add_argument("--soak", type=float, default=2, help="minutes")
    parser.add_argument("--json", type=Path, help="file for all figures")
    args = parser.parse_args()
    if args.url:
        figures = measure(Load(Server(args.url, args.key), None, args.requests), args.parts.split(","), args.soak)
    else:
        with own_server() as (server, pid):
            figures = measure(Load(server, pid, args.requests), args.parts.split(","), args.soak)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(load: Load, parts: list[str], minutes: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for part in parts:
        measured = load.soak(minutes) if part == "soak" else getattr(load, part)()
        figures[part] = measured
        for row in measured if isinstance(measured, list) else [measured]:
            print(part, json.dumps(row, default=float), flush=True)
    return figures


if __name__ == "__main__":
    main()

"""How fast a voice speaks, how soon the first sound comes, where the time goes and how much memory it takes.

Everything is measured warm: each text is spoken once before it is timed. The length of a text's audio is fixed by its durations,
so runs of different seeds are comparable.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table

from tts.evaluation.machine import cpu_name, peak_memory_bytes, versions
from tts.evaluation.stages import with_clock
from tts.evaluation.texts import BENCH_TEXTS, LATENCY
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig

MIN_LATENCY_RUNS = 20  # a 95th percentile of fewer says little


@dataclass(frozen=True)
class TextSpeed:
    """Speed of one text.

    Attributes:
        name: of the text.
        n_characters: its length.
        seconds: of audio.
        rtf: median of compute seconds / audio seconds.
        rtf_runs: of every run.
    """

    name: str
    n_characters: int
    seconds: float
    rtf: float
    rtf_runs: list[float]


@dataclass(frozen=True)
class Latency:
    """Time from the request to the first chunk with sound in it, for a text of 250 characters.

    Attributes:
        median_ms: milliseconds.
        p95_ms: 95th percentile, milliseconds.
        n_runs: requests.
    """

    median_ms: float
    p95_ms: float
    n_runs: int


@dataclass(frozen=True)
class ThreadResult:
    """What was measured with one number of threads.

    Attributes:
        n_threads: of one operation.
        load_seconds: from the voice's folder to a loaded engine, imports done.
        texts: speed of each text.
        latency: time to the first sound.
        stages: compute seconds of each stage per second of audio, over all texts.
        peak_memory_bytes: most memory that the process has held so far.
    """

    n_threads: int
    load_seconds: float
    texts: list[TextSpeed]
    latency: Latency
    stages: dict[str, float]
    peak_memory_bytes: int


def run_bench(voice: str | Path, threads: list[int], repeat: int, backend: str) -> dict[str, Any]:
    """Measure a voice.

    Args:
        voice: name or folder.
        threads: numbers of threads, measured one after the other.
        repeat: timed runs of each text.
        backend: "onnx" or "torch".

    Returns:
        Everything as plain values, ready for JSON.

    Raises:
        InputError: no such voice or backend.
    """
    results = [measure(voice, n_threads, repeat, backend) for n_threads in threads]
    return {
        "voice": str(voice),
        "backend": backend,
        "cpu": cpu_name(),
        "versions": versions(),
        "repeat": repeat,
        "results": [asdict(result) for result in results],
    }


def measure(voice: str | Path, n_threads: int, repeat: int, backend: str) -> ThreadResult:
    """Measure a voice with one number of threads."""
    start = time.perf_counter()
    tts = TTS.load(voice, backend=backend, n_threads=n_threads)
    load_seconds = time.perf_counter() - start
    texts = [time_text(tts, name, text, repeat) for name, text in BENCH_TEXTS.items()]
    return ThreadResult(
        n_threads=n_threads,
        load_seconds=load_seconds,
        texts=texts,
        latency=time_latency(tts, LATENCY, max(repeat, MIN_LATENCY_RUNS)),
        stages=time_stages(tts, list(BENCH_TEXTS.values())),
        peak_memory_bytes=peak_memory_bytes(),
    )


def time_text(tts: TTS, name: str, text: str, repeat: int) -> TextSpeed:
    """Speak a text `repeat` times after a run that is not counted."""
    seconds = tts.synthesize(text, SamplingConfig(seed=0)).seconds
    runs = []
    for seed in range(1, repeat + 1):
        start = time.perf_counter()
        tts.synthesize(text, SamplingConfig(seed=seed))
        runs.append((time.perf_counter() - start) / seconds)
    return TextSpeed(name, len(text), seconds, float(np.median(runs)), runs)


def time_latency(tts: TTS, text: str, n_runs: int) -> Latency:
    """Ask for a text again and again, each time until the first chunk that is not empty."""
    times = []
    for seed in range(n_runs):
        start = time.perf_counter()
        stream = tts.stream(text, SamplingConfig(seed=seed))
        next(chunk for chunk in stream if len(chunk.audio))
        times.append(1000 * (time.perf_counter() - start))
    return Latency(float(np.median(times)), float(np.quantile(times, 0.95)), n_runs)


def time_stages(tts: TTS, texts: list[str]) -> dict[str, float]:
    """Compute seconds of each stage per second of audio."""
    timed, clock = with_clock(tts)
    audio_seconds = sum(timed.synthesize(text, SamplingConfig(seed=0)).seconds for text in texts)
    return {stage: seconds / audio_seconds for stage, seconds in clock.seconds.items()}


def bench_table(bench: dict[str, Any]) -> Group:
    """Everything in three small tables."""
    return Group(f"{bench['voice']} ({bench['backend']}) on {bench['cpu']}", _speeds(bench), _loads(bench), _stages(bench))


def _speeds(bench: dict[str, Any]) -> Table:
    table = Table("threads", "text", "characters", "audio", "rtf", "times real time", title=f"speed, median of {bench['repeat']}")
    for result in bench["results"]:
        for text in result["texts"]:
            speed = (f"{text['seconds']:.1f} s", f"{text['rtf']:.4f}", f"{1 / text['rtf']:.1f}x")
            table.add_row(str(result["n_threads"]), text["name"], str(text["n_characters"]), *speed)
    return table


def _loads(bench: dict[str, Any]) -> Table:
    table = Table("threads", "load", "first sound, median", "95th percentile", "peak memory", title="start and memory")
    for result in bench["results"]:
        latency = result["latency"]
        times = (f"{result['load_seconds']:.2f} s", f"{latency['median_ms']:.0f} ms", f"{latency['p95_ms']:.0f} ms")
        table.add_row(str(result["n_threads"]), *times, f"{result['peak_memory_bytes'] / 2**20:.0f} MiB")
    return table


def _stages(bench: dict[str, Any]) -> Table:
    results = bench["results"]
    table = Table("stage", *(f"{result['n_threads']} threads" for result in results), title="compute, ms per second of audio")
    for stage in results[0]["stages"]:
        table.add_row(stage, *(f"{1000 * result['stages'][stage]:.2f}" for result in results))
    return table

import io
import json
import time

import numpy as np
import pytest
from rich.console import Console

from tts.evaluation.bench import bench_table, run_bench, time_latency
from tts.evaluation.marathon import marathon_table, run_marathon
from tts.evaluation.stages import STAGES, StageClock, with_clock
from tts.evaluation.texts import LATENCY, long_text
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import AudioChunk


def shown(table):
    console = Console(file=io.StringIO(), width=120)
    console.print(table)
    return console.file.getvalue()


def test_the_clock_charges_the_stage_that_runs(monkeypatch):
    now = iter((10.0, 12.0, 13.0, 20.0, 21.0))
    monkeypatch.setattr("tts.evaluation.stages.time.perf_counter", lambda: next(now))
    clock = StageClock()
    for stage in ("encode", "vocode", None, "encode", "step + sample"):
        clock.switch(stage)
    assert {stage: seconds for stage, seconds in clock.seconds.items() if seconds} == {"encode": 3.0, "vocode": 1.0}


def test_timing_changes_no_sample_and_charges_every_stage(tts):
    timed, clock = with_clock(tts)
    start = time.perf_counter()
    speech = timed.synthesize("One two. Three.", SamplingConfig(seed=3))
    seconds = time.perf_counter() - start
    assert np.array_equal(speech.audio, tts.synthesize("One two. Three.", SamplingConfig(seed=3)).audio)
    assert set(clock.seconds) == set(STAGES)
    assert all(value > 0 for value in clock.seconds.values())
    assert 0.8 * seconds < sum(clock.seconds.values()) <= seconds


def test_a_bench_holds_every_figure_and_is_plain_json(tiny_voice, monkeypatch):
    monkeypatch.setattr("tts.evaluation.bench.BENCH_TEXTS", {"short": "One.", "medium": "One two three."})
    monkeypatch.setattr("tts.evaluation.bench.LATENCY", "One two.")
    monkeypatch.setattr("tts.evaluation.bench.MIN_LATENCY_RUNS", 2)
    figures = json.loads(json.dumps(run_bench(tiny_voice, [1, 2], 3, "onnx")))
    assert [result["n_threads"] for result in figures["results"]] == [1, 2]
    first = figures["results"][0]
    assert all(len(text["rtf_runs"]) == 3 and text["rtf"] == sorted(text["rtf_runs"])[1] for text in first["texts"])
    assert 0 < first["latency"]["median_ms"] <= first["latency"]["p95_ms"]
    assert first["peak_memory_bytes"] > 10**7
    assert figures["cpu"] and figures["versions"]["python"]
    table = shown(bench_table(figures))
    assert "medium" in table and "vocode" in table


def test_latency_ends_at_the_first_sound(tts):
    start = time.perf_counter()
    tts.synthesize(LATENCY, SamplingConfig(seed=0))
    whole_ms = 1000 * (time.perf_counter() - start)
    assert time_latency(tts, LATENCY, 3).median_ms < whole_ms


def test_the_text_for_latency_has_250_characters():
    assert len(LATENCY) == 250


@pytest.mark.parametrize("n_words", [1, 100, 1234])
def test_a_long_text_has_at_least_the_words_asked_for_and_is_always_the_same(n_words):
    text = long_text(n_words)
    assert n_words <= len(text.split()) < n_words + 25
    assert text == long_text(n_words)


class FakeStream:
    """Speaks a tenth of a second of silence for each word, two chunks to a sentence."""

    sample_rate = 1000

    def stream(self, text, sampling):
        for sentence in text.replace("\n\n", " ").split(". "):
            n_samples = 50 * len(sentence.split())
            yield AudioChunk(np.zeros(n_samples, np.float32), self.sample_rate, 0.0, text=sentence)
            yield AudioChunk(np.zeros(n_samples, np.float32), self.sample_rate, 0.0)


def test_a_marathon_reports_ten_parts_that_hold_all_words_and_audio():
    text = long_text(2000)
    parts = list(run_marathon(FakeStream(), text))
    assert [part.index for part in parts] == list(range(10))
    assert sum(part.n_words for part in parts) == len(text.split())
    assert all(180 < part.n_words < 220 for part in parts)
    assert all(part.audio_seconds == pytest.approx(part.n_words / 10) for part in parts)
    assert all(part.rtf > 0 and part.cpu_rtf >= 0 and part.memory_bytes > 10**7 for part in parts)
    assert "tenth" in shown(marathon_table(parts))


def test_a_marathon_runs_on_a_voice(tts):
    parts = list(run_marathon(tts, "One. Two."))
    assert sum(part.n_words for part in parts) == 2

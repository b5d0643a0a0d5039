"""A long text as a stream whose audio is thrown away: memory and cost of every tenth, which must be flat.

Cost is told twice: by the clock, and by the time that the processor spent on it, which other programs disturb less.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from tts.evaluation.machine import memory_bytes
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig

N_PARTS = 10


@dataclass(frozen=True)
class Part:
    """A tenth of the words.

    Attributes:
        index: from 0.
        n_words: spoken in it.
        audio_seconds: of audio.
        compute_seconds: that it took by the clock.
        cpu_seconds: that the processor spent on it, all threads together.
        memory_bytes: that the process held at its end.
    """

    index: int
    n_words: int
    audio_seconds: float
    compute_seconds: float
    cpu_seconds: float
    memory_bytes: int

    @property
    def rtf(self) -> float:
        """Compute seconds per second of audio."""
        return self.compute_seconds / self.audio_seconds

    @property
    def cpu_rtf(self) -> float:
        """Processor seconds per second of audio."""
        return self.cpu_seconds / self.audio_seconds


def run_marathon(tts: TTS, text: str, seed: int = 0) -> Iterator[Part]:
    """Speak a text of plain words and many sentences, and report each tenth as it ends (with the sentence that fills it)."""
    n_words, n_said = len(text.split()), 0
    part = _Counter(tts.sample_rate)
    for chunk in tts.stream(text, SamplingConfig(seed=seed)):
        if chunk.text and n_said * N_PARTS >= (part.index + 1) * n_words:  # an utterance begins, and the tenth is full
            yield part.close()
        count = len(chunk.text.split())
        n_said += count
        part.add(count, len(chunk.audio))
    yield part.close()


class _Counter:
    """Counts one tenth after another."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate, self.index = sample_rate, 0
        self._start()

    def _start(self) -> None:
        self.n_words = self.n_samples = 0
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def add(self, n_words: int, n_samples: int) -> None:
        """Count a chunk."""
        self.n_words += n_words
        self.n_samples += n_samples

    def close(self) -> Part:
        """End a tenth and begin the next."""
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        part = Part(self.index, self.n_words, self.n_samples / self.sample_rate, wall, cpu, memory_bytes())
        self.index += 1
        self._start()
        return part


def marathon_table(parts: list[Part]) -> Table:
    """One row for each tenth."""
    table = Table("tenth", "words", "audio", "rtf", "cpu rtf", "memory", title="one long text, streamed")
    for part in parts:
        costs = (f"{part.rtf:.4f}", f"{part.cpu_rtf:.4f}", f"{part.memory_bytes / 2**20:.1f} MiB")
        table.add_row(str(part.index + 1), str(part.n_words), f"{part.audio_seconds:.0f} s", *costs)
    return table

"""What Prometheus reads at /metrics, and `/health` in short."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

LATENCIES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)  # seconds
RATIOS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2)


class Metrics:
    """The server's own figures; each server has a registry of its own."""

    def __init__(self) -> None:
        """Begin at zero."""
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.accepted = Counter("tts_requests_accepted", "Requests that were let in.", registry=registry)
        self.ended = Counter("tts_requests_ended", "Accepted requests by how they ended.", ["outcome"], registry=registry)
        self.errors = Counter("tts_errors", "Errors that callers were told, by code.", ["code"], registry=registry)
        self.first_audio = Histogram(
            "tts_time_to_first_audio_seconds", "From acceptance to the first audio.", buckets=LATENCIES, registry=registry
        )
        self.rtf = Histogram(
            "tts_real_time_factor", "Compute seconds per audio second, of complete answers.", buckets=RATIOS, registry=registry
        )
        self.audio_seconds = Counter("tts_audio_seconds", "Seconds of audio made.", registry=registry)
        self.underruns = Counter("tts_audio_underruns", "Pieces of audio that came too late to play.", registry=registry)
        self.underrun_seconds = Counter("tts_audio_underrun_seconds", "Seconds by which they came late.", registry=registry)
        self.starved = Counter("tts_streams_starved", "Answers that would have stopped for over 100 ms.", registry=registry)

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when somebody asks."""
        Gauge(name, text, registry=self.registry).set_function(read)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)

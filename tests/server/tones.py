"""A model that answers every text with a tone of its own, so that any mix-up shows; and a server in a thread."""

import contextlib
import threading
import time
import zlib
from collections.abc import Iterator

import numpy as np

from tts.errors import InputError
from tts.inference.speech import AudioChunk, WordTiming
from tts.server.app import make_app
from tts.server.desk import Desk, Speaker
from tts.server.listen import DrainingServer, make_server
from tts.server.settings import Limits, Settings

RATE = 24_000  # Hz
CHUNK = 4_096  # samples
SECONDS_PER_CHARACTER = 0.05


def length_of(text: str, speed: float = 1.0) -> int:
    """Samples of a text's audio."""
    return round(RATE * SECONDS_PER_CHARACTER * len(text) / speed)


def tone_of(text: str, speed: float = 1.0, start: int = 0, stop: int | None = None) -> np.ndarray:
    """The audio (N,) that a text must give, or a part of it."""
    end = length_of(text, speed)
    hertz = 100 + zlib.crc32(text.encode()) % 400_000 / 100
    places = np.arange(start, end if stop is None else min(stop, end))
    return (0.5 * np.sin(2 * np.pi * hertz * places / RATE)).astype(np.float32)


class ToneModel:
    """Speaks tones; counts what it does."""

    sample_rate = RATE

    def __init__(self, chunk_seconds: float = 0.0) -> None:
        """chunk_seconds: of sleep for every chunk, as if it were hard to make."""
        self.chunk_seconds = chunk_seconds
        self.n_chunks = self.n_begun = self.n_closed = 0
        self.last_chunk = 0.0  # time.monotonic()
        self.order: list[str] = []  # first letter of the text of every chunk

    def stream(self, text, sampling=None) -> Iterator[AudioChunk]:
        self.n_begun += 1
        self.last_sampling = sampling
        try:
            yield from self._chunks(text, sampling)
        finally:
            self.n_closed += 1

    def _chunks(self, text, sampling):
        if not any(character.isalnum() for character in text):
            raise InputError(f"nothing to speak in {text[:40]!r}: write words, numbers or letters")
        if text == "Fail now.":
            raise ZeroDivisionError("secret of the inside")
        words = [WordTiming(word, 0.1 * i, 0.1 * i + 0.1) for i, word in enumerate(text.split())]
        for start in range(0, length_of(text, sampling.speed), CHUNK):
            time.sleep(self.chunk_seconds)
            if text == "Fail later, after a while." and start > 2 * CHUNK:
                raise ZeroDivisionError("secret of the inside")
            audio = tone_of(text, sampling.speed, start, start + CHUNK)
            self.n_chunks += 1
            self.order.append(text[0])
            self.last_chunk = time.monotonic()
            yield AudioChunk(audio, RATE, start / RATE, words, np.zeros((16, 100), np.float32))
            words = []


class Running:
    """A server in a thread."""

    def __init__(self, server: DrainingServer, desk: Desk, model: ToneModel) -> None:
        self.server, self.desk, self.model = server, desk, model
        self.thread = threading.Thread(target=server.run, daemon=True)
        self.thread.start()
        wait_until(lambda: server.started, 20)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.handle_exit(15, None)
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server did not end"


@contextlib.contextmanager
def serving(model=None, *, mount=None, service=None, **settings) -> Iterator[Running]:
    """Serve a model (tones by default); settings are those of Settings and Limits."""
    model = model or ToneModel()
    given = {name: settings.pop(name) for name in list(settings) if name in Limits.model_fields}
    limits = Limits(**({"drain_seconds": 5} | given))
    chosen = Settings(**({"port": 0, "workers": 2} | settings), limits=limits)
    desk = Desk([Speaker("tone", model), Speaker("other", model)], chosen)
    running = Running(make_server(make_app(desk, chosen, mount, service), desk, chosen, "error"), desk, model)
    try:
        yield running
    finally:
        running.stop()


def wait_until(is_true, seconds: float = 5.0) -> None:
    """Wait for a thing that comes soon."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)

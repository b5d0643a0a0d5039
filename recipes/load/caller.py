"""A caller of the server that listens as a player does: it begins with the first audio and notes when it runs dry."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

BYTES_PER_SECOND = 48_000  # of PCM
SEED = 1


@dataclass
class Call:
    """What became of a request.

    Attributes:
        status: of HTTP; 0 when the connection failed or the answer was cut off.
        first_seconds: until the first audio, or the whole error.
        total_seconds: until the end.
        audio_seconds: that came.
        gap_seconds: that a player without a buffer would have been silent.
        digest: of the audio.
    """

    status: int = 0
    first_seconds: float = 0.0
    total_seconds: float = 0.0
    audio_seconds: float = 0.0
    gap_seconds: float = 0.0
    digest: str = ""

    @property
    def rtf(self) -> float:
        """Seconds of waiting per second of audio."""
        return self.total_seconds / self.audio_seconds


class Server:
    """The server as its callers see it."""

    def __init__(self, url: str, key: str = "") -> None:
        """Name it; key is its API key."""
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def ask(self, text: str, leave_after: float | None = None) -> Call:
        """Ask for a text as PCM; leave after so many seconds, if that is given."""
        call, began = Call(), time.perf_counter()
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        try:
            order = {"model": "calm-tts", "voice": "alloy", "input": text, "response_format": "pcm", "seed": SEED}
            connection.request("POST", "/v1/audio/speech", json.dumps(order), self.headers)
            response = connection.getresponse()
            self._listen(response, call, began, leave_after)
            call.status = response.status
        except (OSError, http.client.HTTPException):
            call.status = 0
        finally:
            connection.close()
        call.total_seconds = time.perf_counter() - began
        return call

    def _listen(self, response: http.client.HTTPResponse, call: Call, began: float, leave_after: float | None) -> None:
        digest, n_bytes, ends = hashlib.sha256(), 0, 0.0  # ends: when what has come will have been played
        while data := response.read1(65_536):
            now = time.perf_counter()
            if not n_bytes:
                call.first_seconds, ends = now - began, now
            if now > ends:
                call.gap_seconds += now - ends
                ends = now
            digest.update(data)
            n_bytes += len(data)
            ends += len(data) / BYTES_PER_SECOND
            if leave_after is not None and now - began > leave_after:
                break
        call.audio_seconds, call.digest = n_bytes / BYTES_PER_SECOND, digest.hexdigest()

    def metrics(self) -> dict[str, float]:
        """All figures of /metrics, those of one name added up."""
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        connection.request("GET", "/metrics", headers=self.headers)
        found: dict[str, float] = {}
        for line in connection.getresponse().read().decode().splitlines():
            if line and not line.startswith("#"):
                name = line.partition(" ")[0].partition("{")[0]
                found[name] = found.get(name, 0.0) + float(line.rsplit(" ", 1)[1])
        connection.close()
        return found

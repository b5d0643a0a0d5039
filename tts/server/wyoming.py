"""The Wyoming protocol, by which Home Assistant asks for speech: JSON lines and PCM over TCP.

`synthesize` is answered by audio-start, audio-chunk ..., audio-stop. A text that comes in parts (`synthesize-start`, `-chunk`
..., `-stop`) is spoken sentence by sentence as soon as each is whole, and ends with synthesize-stopped; the `synthesize` of the
same text, which Home Assistant sends along for older servers, is then left aside.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice

from tts.errors import InputError
from tts.inference.sampling import SamplingConfig
from tts.server.desk import MODEL, Desk, Order
from tts.server.errors import ApiError
from tts.server.settings import Settings
from tts.server.streams import Gone, Stream
from tts.text.split import split_sentences

logger = logging.getLogger(__name__)
WIDTH = 2  # bytes of a sample
DRAIN_STEP = 0.05  # seconds


@asynccontextmanager
async def open_wyoming(desk: Desk, settings: Settings) -> AsyncIterator[int]:
    """Listen for Wyoming at settings.wyoming_port while the block runs; yields the port."""
    assert settings.wyoming_port is not None
    server = AsyncTcpServer(settings.host, settings.wyoming_port)
    await server.start(partial(Handler, desk))
    listening: Any = server._server
    port: int = listening.sockets[0].getsockname()[1]
    logger.info("Wyoming on tcp://%s:%d", settings.host, port)
    try:
        yield port
    finally:
        await _drain(desk)
        await server.stop()


async def _drain(desk: Desk) -> None:
    """Let what is being spoken end, within the time that the settings give."""
    for _ in range(round(desk.limits.drain_seconds / DRAIN_STEP)):
        if not desk.scheduler.n_open:
            return
        await asyncio.sleep(DRAIN_STEP)


class BoundedReader:
    """Reads no more at once than a request may hold; the package alone trusts the length that a client names."""

    def __init__(self, reader: asyncio.StreamReader, max_bytes: int) -> None:
        """Read from a reader."""
        self.reader, self.max_bytes = reader, max_bytes
        self.readline, self.feed_eof, self.at_eof = reader.readline, reader.feed_eof, reader.at_eof

    async def readexactly(self, n: int) -> bytes:
        """Read n bytes; too many are a ValueError, which ends the connection."""
        if n > self.max_bytes:
            raise ValueError(f"{n} bytes are too many")
        return await self.reader.readexactly(n)


class Handler(AsyncEventHandler):
    """One connection."""

    def __init__(self, desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        super().__init__(BoundedReader(reader, desk.limits.max_body_bytes), writer)  # type: ignore[arg-type]
        self.desk = desk
        self.stream: Stream | None = None
        self.text: str | None = None  # that came in parts and is not spoken yet; None: nothing comes in parts
        self.voice: SynthesizeVoice | None = None
        self.is_started = False  # audio

    async def run(self) -> None:
        """Life of the connection; a client that sends nonsense, or leaves in the middle, ends it."""
        try:
            await super().run()
        except (ConnectionError, asyncio.IncompleteReadError, KeyError, TypeError, AttributeError):
            return

    async def handle_event(self, event: Event) -> bool:
        """Obey an event; returns whether the connection goes on."""
        try:
            await self._obey(event)
        except (ApiError, InputError) as error:
            message = error.detail if isinstance(error, ApiError) else str(error)
            await self.write_event(Error(message, getattr(error, "code", "invalid_input")).event())
            self.text, self.is_started = None, False
        except (KeyError, TypeError, AttributeError):
            await self.write_event(Error("this event has not the fields it needs", "invalid_request").event())
        except (Gone, ConnectionError):
            return False
        return True

    async def disconnect(self) -> None:
        """The client is gone."""
        if self.stream is not None:
            self.stream.cancel()

    async def _obey(self, event: Event) -> None:
        if Describe.is_type(event.type):
            await self.write_event(describe(self.desk).event())
        elif Synthesize.is_type(event.type) and self.text is None:
            order = Synthesize.from_event(event)
            await self._speak(order.text, order.voice)
            await self._stop_audio()
        elif SynthesizeStart.is_type(event.type):
            self.text, self.voice = "", SynthesizeStart.from_event(event).voice
        elif SynthesizeChunk.is_type(event.type) and self.text is not None:
            await self._read_on(SynthesizeChunk.from_event(event).text)
        elif SynthesizeStop.is_type(event.type) and self.text is not None:
            rest, self.text = self.text, None
            if rest.strip():
                await self._speak(rest, self.voice)
            await self._stop_audio()
            await self.write_event(SynthesizeStopped().event())

    async def _read_on(self, part: str) -> None:
        """Take a part of a text, and speak the sentences that are whole now."""
        assert self.text is not None
        self.text += part
        if len(self.text) > self.desk.limits.max_characters:
            raise ApiError(400, "string_above_max_length", "a sentence is too long; send shorter ones")
        *whole, rest = split_sentences(self.text) or [""]
        if whole:
            self.text = self.text[self.text.rindex(rest) :] if rest else ""
            for sentence in whole:
                await self._speak(sentence, self.voice)

    async def _speak(self, text: str, voice: SynthesizeVoice | None) -> None:
        name = voice.name if voice and voice.name else self.desk.default.id
        reading = self.desk.take(Order(text, name, "pcm", SamplingConfig(speaker=voice.speaker if voice else None)))
        rate, self.stream = reading.speaker.model.sample_rate, reading.stream
        watch = asyncio.create_task(self._watch(reading.stream))
        try:
            async for piece in reading.stream:
                if not self.is_started:
                    self.is_started = True
                    await self.write_event(AudioStart(rate, WIDTH, 1).event())
                if piece.data:
                    await self.write_event(AudioChunk(rate, WIDTH, 1, piece.data).event())
        finally:
            watch.cancel()
            reading.stream.cancel()

    async def _watch(self, stream: Stream) -> None:
        """Cancel a stream when its reader leaves, which asyncio tells to nobody who does not read."""
        while not self.writer.transport.is_closing() and not self.reader.at_eof():
            await asyncio.sleep(0.1)
        stream.cancel()

    async def _stop_audio(self) -> None:
        if self.is_started:
            await self.write_event(AudioStop().event())
        self.is_started = False


def describe(desk: Desk) -> Info:
    """What Home Assistant is told about the voices."""
    about = Attribution(name=MODEL, url="")
    speakers = desk.speakers.values()
    people = {s.id: [TtsVoiceSpeaker(name) for name in s.names] or None for s in speakers}
    voices = [TtsVoice(s.id, about, True, s.summary, None, languages=[s.language], speakers=people[s.id]) for s in speakers]
    summary = "Text to speech on a CPU"
    return Info(tts=[TtsProgram(MODEL, about, True, summary, None, voices, supports_synthesize_streaming=True)])

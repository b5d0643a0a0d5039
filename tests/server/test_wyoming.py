"""Home Assistant's protocol, by the client of the package that Home Assistant uses."""

import asyncio
import contextlib
import json
import time
from types import SimpleNamespace

import pytest
from test_speech import pcm_of
from tones import ToneModel, serving, wait_until
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from tts.server.desk import Speaker
from tts.server.wyoming import describe, open_wyoming


class Door:
    """Opens the Wyoming port and remembers which it got."""

    port = 0

    def __call__(self, desk, settings):
        self.opened = open_wyoming(desk, settings)
        return self

    async def __aenter__(self):
        self.port = await self.opened.__aenter__()

    async def __aexit__(self, *error):
        await self.opened.__aexit__(*error)


@pytest.fixture(scope="module")
def door():
    door = Door()
    with serving(ToneModel(chunk_seconds=0.001), service=door, wyoming_port=0) as door.running:
        yield door


def talk(door, *events, last: str) -> list[Event]:
    """Send events; returns what comes, up to one of type `last`."""

    async def run():
        received = []
        async with AsyncTcpClient("127.0.0.1", door.port) as client:
            for event in events:
                await client.write_event(event.event() if not isinstance(event, Event) else event)
            while not received or received[-1].type != last:
                event = await asyncio.wait_for(client.read_event(), 10)
                assert event is not None, [one.type for one in received]
                received.append(event)
        return received

    return asyncio.run(run())


def test_the_speakers_of_a_voice_are_described():
    voices = {"choir": Speaker("choir", ToneModel(), names=("anna", "bert")), "tone": Speaker("tone", ToneModel())}
    choir, tone = describe(SimpleNamespace(speakers=voices)).tts[0].voices
    assert [person.name for person in choir.speakers] == ["anna", "bert"] and tone.speakers is None


def test_a_speaker_is_asked_for(door):
    order = Synthesize("Hello there.", voice=SynthesizeVoice(name="tone", speaker="bert"))
    talk(door, order, last="audio-stop")
    assert door.running.model.last_sampling.speaker == "bert"


def test_the_voices_are_described(door):
    (event,) = talk(door, Describe(), last="info")
    (program,) = Info.from_event(event).tts
    assert [voice.name for voice in program.voices] == ["tone", "other"] and program.supports_synthesize_streaming
    assert program.voices[0].languages == ["en-us"]


@pytest.mark.parametrize("voice", [None, SynthesizeVoice(name="other"), SynthesizeVoice(language="en-us")])
def test_a_text_is_spoken(door, voice):
    start, *chunks, stop = talk(door, Synthesize("Hello there.", voice), last="audio-stop")
    assert start.type == "audio-start" and start.data["rate"] == 24_000 and start.data["width"] == 2 and stop.type == "audio-stop"
    assert b"".join(chunk.payload for chunk in chunks) == pcm_of("Hello there.")


def test_a_text_in_parts_is_spoken_sentence_by_sentence_and_once(door):
    parts = ["Hello th", "ere. How ", "are you? I am", " fine"]
    events = [SynthesizeStart(), *map(SynthesizeChunk, parts), Synthesize("".join(parts)), SynthesizeStop()]
    start, *chunks, stop, stopped = talk(door, *events, last="synthesize-stopped")
    assert (start.type, stop.type, stopped.type) == ("audio-start", "audio-stop", "synthesize-stopped")
    expected = b"".join(map(pcm_of, ("Hello there.", "How are you?", "I am fine")))
    assert b"".join(chunk.payload for chunk in chunks) == expected


def test_the_first_sentence_is_spoken_before_the_last_has_come(door):
    async def run():
        async with AsyncTcpClient("127.0.0.1", door.port) as client:
            for event in (SynthesizeStart(), SynthesizeChunk("Hello there. And")):
                await client.write_event(event.event())
            return [(await asyncio.wait_for(client.read_event(), 10)).type for _ in range(2)]

    assert asyncio.run(run()) == ["audio-start", "audio-chunk"]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Synthesize("..."), "nothing to speak"),
        (Synthesize("Hi.", SynthesizeVoice(name="nobody")), "take one of tone, other"),
        (Synthesize("a" * 5000), "over the limit"),
        (Event("synthesize", {}), "fields"),
        (Event("synthesize", {"text": 5}), "fields"),
        (Event("synthesize", {"text": "Hi.", "voice": 3}), "fields"),
    ],
)
def test_a_mistake_is_told_and_the_connection_goes_on(door, event, said):
    error, *_, stop = talk(door, event, Synthesize("Hello."), last="audio-stop")
    assert error.type == "error" and said in error.data["text"] and stop.type == "audio-stop"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"[]\n",
        b"5\n",
        b"{}\n",
        b"\xff\xfe\n",
        b"a" * 200_000,
        json.dumps({"type": "synthesize", "data_length": 2_000_000_000}).encode() + b"\n" + b" " * 300_000,
        json.dumps({"type": "synthesize", "data_length": "many"}).encode() + b"\n",
        json.dumps({"type": "describe", "payload_length": 50}).encode() + b"\nshort",
    ],
)
def test_nonsense_ends_the_connection_and_no_other(door, data):
    async def run():
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(data)
        with contextlib.suppress(OSError):  # it may have hung up already
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()

    asyncio.run(run())
    assert talk(door, Describe(), last="info")


def test_speaking_stops_when_the_client_leaves(door):
    async def run():
        async with AsyncTcpClient("127.0.0.1", door.port) as client:
            await client.write_event(Synthesize("word " * 800).event())
            await client.read_event()
        return time.monotonic()

    door.running.model.chunk_seconds = 0.01
    left_at = asyncio.run(run())
    wait_until(lambda: door.running.desk.scheduler.n_open == 0)
    door.running.model.chunk_seconds = 0.001
    assert door.running.model.last_chunk - left_at < 0.5

"""Speech with the times of its words: one JSON object, or a line of JSON for every piece as it is made.

The shape is that of Kokoro-FastAPI's `/dev/captioned_speech`, which answers here too:
{"audio": base64, "audio_format": media type, "timestamps": [{"word", "start_time", "end_time"}, ...]}, times in seconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response

from tts.inference.speech import WordTiming
from tts.server.delivery import Delivery
from tts.server.desk import Desk
from tts.server.encoders import MEDIA_TYPES
from tts.server.openai import headers_of
from tts.server.requests import CaptionedRequest
from tts.server.streams import Stream


def add_routes(router: APIRouter, desk: Desk) -> None:
    """Add the routes of captioned speech to a router."""

    @router.post("/v1/audio/speech/timestamps", response_class=Response)
    @router.post("/dev/captioned_speech", response_class=Response, include_in_schema=False)
    async def captioned_speech(request: CaptionedRequest) -> Delivery:
        """Speak a text, and tell when each word is spoken."""
        desk.check_model(request.model)
        reading = desk.take(request.order())
        make, media_type = (as_lines, "application/x-ndjson") if request.stream else (as_object, "application/json")
        body = make(reading.stream, MEDIA_TYPES[request.response_format], request.return_timestamps)
        return Delivery(reading.stream, body, media_type, headers_of(reading, request), desk.metrics)


async def as_lines(stream: Stream, audio_format: str, has_words: bool) -> AsyncIterator[bytes]:
    """A line for every piece; the words of an utterance come with its first."""
    async for piece in stream:
        values = {"audio": base64.b64encode(piece.data).decode(), "audio_format": audio_format}
        yield json.dumps(values | {"timestamps": _rows(piece.words) if has_words else None}).encode() + b"\n"


async def as_object(stream: Stream, audio_format: str, has_words: bool) -> AsyncIterator[bytes]:
    """One object, written while it is made: base64 goes on from piece to piece where a multiple of three bytes is full."""
    rest, words = b"", []
    start = b'{"audio": "'
    async for piece in stream:
        words += piece.words
        rest += piece.data
        whole = len(rest) - len(rest) % 3
        if whole:
            yield start + base64.b64encode(rest[:whole])
            rest, start = rest[whole:], b""
    end = {"audio_format": audio_format, "timestamps": _rows(words) if has_words else None}
    yield start + base64.b64encode(rest) + b'", ' + json.dumps(end).encode()[1:]


def _rows(words: list[WordTiming]) -> list[dict[str, Any]]:
    return [{"word": word.text, "start_time": round(word.start, 4), "end_time": round(word.end, 4)} for word in words]

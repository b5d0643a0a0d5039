"""OpenAI's routes: /v1/audio/speech and /v1/models; and /v1/audio/voices, which OpenAI has not but its imitators have."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response

from tts.server.delivery import Delivery
from tts.server.desk import MODEL, MODEL_ALIASES, Desk, Reading, Speaker
from tts.server.encoders import MEDIA_TYPES
from tts.server.errors import ApiError, as_api_error
from tts.server.requests import SpeechRequest
from tts.server.streams import Gone, Stream


def headers_of(reading: Reading, request: SpeechRequest) -> dict[str, str]:
    """What an answer tells beside its audio."""
    headers = {"X-Voice": reading.speaker.id, "X-Seed": str(reading.seed), "X-AI-Generated": "true"}
    return headers | ({"X-Ignored": request.ignored} if request.ignored else {})


def add_routes(router: APIRouter, desk: Desk) -> None:
    """Add OpenAI's routes to a router."""

    @router.post("/audio/speech", response_class=Response)
    async def speech(request: SpeechRequest) -> Delivery:
        """Speak a text."""
        desk.check_model(request.model)
        reading = desk.take(request.order())
        headers = headers_of(reading, request)
        if request.stream_format == "sse":
            body = as_events(reading.stream, len(request.input), desk)
            return Delivery(reading.stream, body, "text/event-stream", headers | {"Cache-Control": "no-store"}, desk.metrics)
        media_type = MEDIA_TYPES[request.response_format]
        return Delivery(reading.stream, as_audio(reading.stream), media_type, headers, desk.metrics)

    @router.get("/audio/voices")
    async def voices() -> dict[str, Any]:
        """The voices that may be asked for."""
        fields = ("id", "language", "license", "summary")
        rows = [{"name": s.id} | {field: getattr(s, field) for field in fields} | _speakers(s) for s in desk.speakers.values()]
        return {"object": "list", "default": desk.default.id, "voices": rows}

    @router.get("/models")
    async def models() -> dict[str, Any]:
        """The model, and the names of OpenAI's that stand for it."""
        return {"object": "list", "data": [_model(name) for name in (MODEL, *MODEL_ALIASES)]}

    @router.get("/models/{name}")
    async def model(name: str) -> dict[str, Any]:
        """One of the models."""
        desk.check_model(name)
        return _model(name)


async def as_audio(stream: Stream) -> AsyncIterator[bytes]:
    """The encoded audio alone."""
    async for piece in stream:
        if piece.data:
            yield piece.data


async def as_events(stream: Stream, n_characters: int, desk: Desk) -> AsyncIterator[bytes]:
    """Server-sent events of OpenAI's; tokens are characters read and mel frames made. The last event may be an error."""
    n_frames = n_events = 0
    try:
        async for piece in stream:
            n_frames += piece.n_frames
            if piece.data:
                n_events += 1
                yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(piece.data).decode()})
    except Gone:
        raise
    except Exception as error:
        if not n_events:
            raise
        shown = as_api_error(error)
        desk.metrics.errors.labels(shown.code).inc()
        yield _event({"type": "error"} | shown.body())
        return
    usage = {"input_tokens": n_characters, "output_tokens": n_frames, "total_tokens": n_characters + n_frames}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _speakers(voice: Speaker) -> dict[str, Any]:
    """Names of a voice's speakers, if it has several."""
    return {"speakers": list(voice.names)} if voice.names else {}


def _event(values: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(values).encode() + b"\n\n"


def _model(name: str) -> dict[str, Any]:
    if not name:
        raise ApiError(404, "model_not_found", "name a model", "model")
    return {"id": name, "object": "model", "created": 0, "owned_by": MODEL}

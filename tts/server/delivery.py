"""Answers that are made while they are sent, to readers who may leave at any moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tts.server.errors import ApiError, as_api_error
from tts.server.metrics import Metrics
from tts.server.streams import Gone, Stream

logger = logging.getLogger(__name__)


class Delivery(Response):
    """Sends what a stream becomes.

    Nothing is sent before there is something to send: what goes wrong until then is an ordinary error answer. What goes wrong
    later ends the connection without the last chunk of HTTP's, so that the reader knows that the answer is cut off.
    """

    def __init__(
        self, stream: Stream, body: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str], metrics: Metrics
    ) -> None:
        """Prepare an answer.

        Args:
            stream: is cancelled when the reader leaves.
            body: the answer's bytes, made from the stream.
            media_type: of the answer.
            headers: of the answer.
            metrics: are told of errors after the beginning.
        """
        self.stream, self.body_iterator, self.metrics = stream, body, metrics
        self.status_code, self.media_type, self.background = 200, media_type, None
        self.is_gone = False
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        watch = asyncio.create_task(self._watch(receive))
        try:
            await self._send(send)
        except Gone:
            if not self.is_gone:
                raise ApiError(503, "shutting_down", "the server is shutting down") from None
        finally:
            self.stream.cancel()
            watch.cancel()

    async def _watch(self, receive: Receive) -> None:
        """Cancel the stream when the reader leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        self.stream.cancel()

    async def _send(self, send: Send) -> None:
        first = await anext(self.body_iterator, b"")
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        try:
            async for data in self.body_iterator:
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except Gone:
            return
        except Exception as error:
            code = as_api_error(error).code
            self.metrics.errors.labels(code).inc()
            logger.error("an answer was cut off: %s", code)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

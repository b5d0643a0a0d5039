"""What every request passes first: the key, the size of its body and the time it takes to send it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tts.server.errors import ApiError
from tts.server.metrics import Metrics
from tts.server.settings import Settings

OPEN = ("/health", "/metrics")  # for machines that watch; they tell nothing of what is said
DEMO = "/demo"  # has limits of its own, and takes the key as a password that a browser asks for


class Wall:
    """Refuses before anything is read or routed."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        """Stand before an app."""
        self.app, self.limits, self.metrics = app, settings.limits, metrics
        self.key = settings.api_key.get_secret_value() if settings.api_key else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers, path = Headers(scope=scope), scope["path"]
        is_demo = path == DEMO or path.startswith(f"{DEMO}/")
        try:
            if self.key and path not in OPEN:
                self._check_key(headers.get("authorization", ""), is_demo)
            if not is_demo:
                self._check_head(headers)
        except ApiError as error:
            self.metrics.errors.labels(error.code).inc()
            return await error.response()(scope, receive, send)
        return await self.app(scope, receive if is_demo else self._guard(receive), send)

    def _check_key(self, authorization: str, is_demo: bool) -> None:
        kind, _, value = authorization.partition(" ")
        if is_demo and kind.lower() == "basic":
            value = _password(value)
        elif kind.lower() != "bearer":
            value = ""
        if not hmac.compare_digest(value.strip().encode(), self.key.encode()):
            ask = {"WWW-Authenticate": 'Basic realm="tts"' if is_demo else "Bearer"}
            message = "send the server's key: Authorization: Bearer KEY"
            raise ApiError(401, "invalid_api_key", message, headers=ask | {"Connection": "close"})

    def _check_head(self, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self.limits.max_body_bytes:
            raise self._too_large()
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise ApiError(415, "unsupported_media_type", "send the body as it is, without Content-Encoding")

    def _too_large(self) -> ApiError:
        message = f"the body is over the limit of {self.limits.max_body_bytes} bytes"
        return ApiError(413, "request_too_large", message, headers={"Connection": "close"})

    def _guard(self, receive: Receive) -> Receive:
        """`receive` that counts bytes, and waits no longer than a request may take."""
        size, is_whole = 0, False
        deadline = asyncio.get_running_loop().time() + self.limits.ask_seconds

        async def guarded() -> Message:
            nonlocal size, is_whole
            if is_whole:  # what comes now is only that the caller leaves
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                close = {"Connection": "close"}
                raise ApiError(408, "request_timeout", "the request did not come in time", headers=close) from None
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size > self.limits.max_body_bytes:
                raise self._too_large()
            return message

        return guarded


def _password(value: str) -> str:
    """Of basic authentication; the user's name does not matter."""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""

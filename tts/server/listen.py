"""Runs the application in uvicorn: guards against clients that dawdle, and ends in good order when it is told to."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import time
from types import FrameType
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from tts.errors import InputError
from tts.server.desk import Desk
from tts.server.errors import ApiError
from tts.server.settings import Limits, Settings

logger = logging.getLogger(__name__)
BACKLOG = 2048  # connections that wait to be looked at
WATCH_SECONDS = 1.0  # between two looks at a connection
MAX_HEAD_BYTES = 32_768  # of a request line with its headers


class GuardedProtocol(H11Protocol):
    """Ends connections whose client takes too long to ask, or to take what it asked for; uvicorn alone waits for ever."""

    limits: Limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch."""
        super().connection_made(transport)
        self.asking_since = self.taken_at = time.monotonic()
        self.left_bytes = 0
        self.watch = self.loop.call_later(WATCH_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch."""
        self.watch.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in OpenAI's shape; when an answer is under way already, end the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps(ApiError(400, "invalid_http", msg).body()).encode()
            head = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
            response = h11.Response(status_code=400, headers=head, reason=b"Bad Request")
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _look(self) -> None:
        now, left = time.monotonic(), self.transport.get_write_buffer_size()
        if self.conn.their_state is not h11.IDLE:
            self.asking_since = now
        if left == 0 or left < self.left_bytes:
            self.taken_at = now
        self.left_bytes = left
        if now - self.asking_since > self.limits.ask_seconds or now - self.taken_at > self.limits.stall_seconds:
            self.transport.abort()
        else:
            self.watch = self.loop.call_later(WATCH_SECONDS, self._look)


class DrainingServer(uvicorn.Server):
    """Told to end, it takes no more requests, finishes those it has, and returns; told twice, it ends at once."""

    desk: Desk
    signal: int | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self.force_exit = self.should_exit
        self.should_exit, self.signal = True, sig
        self.desk.scheduler.drain()


def make_server(app: FastAPI, desk: Desk, settings: Settings, log_level: str = "info") -> DrainingServer:
    """A server that is ready to run: `server.run()` returns when it was told to end and all answers are out."""
    limits = settings.limits
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http=type("Protocol", (GuardedProtocol,), {"limits": limits}),
        ws="none",
        lifespan="on",
        log_config=_log_config(log_level),
        log_level=log_level,
        server_header=False,
        limit_concurrency=limits.max_connections,
        timeout_graceful_shutdown=limits.drain_seconds,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )
    server = DrainingServer(config)
    server.desk = desk
    return server


def open_port(settings: Settings) -> socket.socket:
    """Take the port of HTTP, so that nothing is loaded in vain; who calls before the server runs waits for it.

    Raises:
        InputError: the address or a port, that of Wyoming too, is not to be had.
    """
    if settings.wyoming_port:
        _bind(settings.host, settings.wyoming_port).close()
    return _bind(settings.host, settings.port)


def run(app: FastAPI, desk: Desk, settings: Settings, bound: socket.socket, log_level: str) -> int:
    """Serve at a port of `open_port` until a signal comes; returns the exit status: 0, or 130 when the user interrupted."""
    server = make_server(app, desk, settings, log_level)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    logger.info("listening on http://%s:%d", host, bound.getsockname()[1])
    server.run(sockets=[bound])
    return 130 if server.signal == signal.SIGINT else 0


def _bind(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG)
    except OSError as error:
        raise InputError(f"{host}, port {port}: cannot listen there ({error.strerror}); take others") from None


def _log_config(level: str) -> dict[str, Any]:
    """Everything to stderr; no text of a request is ever logged."""
    name = level.upper()
    loggers = {"uvicorn": {"handlers": ["stderr"], "level": name, "propagate": False}}
    loggers["tts"] = {"handlers": ["stderr"], "level": name, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "loggers": loggers,
    }

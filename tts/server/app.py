"""The web application: all routes, behind the wall."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse

from tts.server import captions, openai
from tts.server.desk import Desk
from tts.server.errors import add_error_handlers
from tts.server.settings import Settings
from tts.server.wall import Wall

Mount = Callable[[FastAPI, Desk], FastAPI]  # adds another app, such as the demo at /demo, and returns what is to be served
Service = Callable[[Desk, Settings], Any]  # another door of the server: an async context manager, open while the app is


def make_app(desk: Desk, settings: Settings, mount: Mount | None = None, service: Service | None = None) -> FastAPI:
    """Put the application together.

    Args:
        desk: takes the orders; closed when the application ends.
        settings: of the server.
        mount: adds another app to this one.
        service: is open while the application runs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            if service is None:
                yield
            else:
                async with service(desk, settings):
                    yield
        finally:
            desk.close()

    app = FastAPI(title="calm-tts", docs_url=None, redoc_url=None, lifespan=lifespan)
    add_error_handlers(app, desk.metrics)
    _add_watching(app, desk)
    router = APIRouter(prefix="/v1")
    openai.add_routes(router, desk)
    app.include_router(router)
    captions.add_routes(app.router, desk)
    app.add_middleware(Wall, settings=settings, metrics=desk.metrics)
    return app if mount is None else mount(app, desk)


def _add_watching(app: FastAPI, desk: Desk) -> None:
    """/health and /metrics."""

    @app.get("/health")
    async def health() -> Response:
        """Whether speech can be had: voices are loaded, threads live, none is stuck."""
        scheduler = desk.scheduler
        status = "ending" if scheduler.is_draining else "ok" if scheduler.is_healthy() else "stuck"
        values = {"status": status, "running": scheduler.n_running, "waiting": len(scheduler.waiting)}
        return JSONResponse(values | {"voices": list(desk.speakers)}, 200 if status == "ok" else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(desk.metrics.text(), media_type=CONTENT_TYPE_LATEST)

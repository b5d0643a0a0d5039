"""Errors as OpenAI's clients read them: {"error": {"message", "type", "param", "code"}} with a fitting status, never a trace."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tts.errors import InputError
from tts.server.metrics import Metrics

KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}  # status -> type
CODES = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "request_too_large",
    415: "unsupported_media_type",
}  # status -> code, where nothing more precise is known
MAX_QUOTE = 80  # characters of what the caller sent


class ApiError(HTTPException):
    """An answer other than the one that was asked for."""

    def __init__(
        self, status: int, code: str, message: str, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Say it.

        Args:
            status: of HTTP.
            code: one word for programs.
            message: one line for people.
            param: field of the request that is wrong.
            headers: of the answer.
        """
        super().__init__(status, message, headers)
        self.code, self.param = code, param

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = KINDS.get(self.status_code, "server_error" if self.status_code >= 500 else "invalid_request_error")
        return {"error": {"message": self.detail, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body(), self.status_code, self.headers)


def as_api_error(error: Exception) -> ApiError:
    """What the caller is told about an error; of our own faults only that there was one."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, InputError):
        return ApiError(400, "invalid_input", str(error), "input")
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        status = error.status_code
        return ApiError(status, CODES.get(status, "error"), str(error.detail), headers=dict(error.headers or {}))
    message = "the server failed at this request; it has been logged"
    return ApiError(500, "internal_error", message, headers={"Connection": "close"})  # uvicorn closes after a fault


def add_error_handlers(app: FastAPI, metrics: Metrics) -> None:
    """Let an app answer every error in OpenAI's shape, and count it."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        shown = as_api_error(error)
        metrics.errors.labels(shown.code).inc()
        return shown.response()

    for kind in (InputError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _of_validation(error: RequestValidationError) -> ApiError:
    """The first thing that is wrong with the fields of a request."""
    first, *others = error.errors()
    if others and isinstance(first["input"], dict):  # a voice as an object: not that it is no name, but what it lacks
        first = others[0]
    place = [part for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid" or not place:
        return ApiError(400, "invalid_json", "the body is no JSON object; send Content-Type: application/json")
    name = str(place[0])
    quoted = repr(first["input"])[:MAX_QUOTE] if first["type"] != "missing" else "nothing"
    codes = {"missing": "missing_required_parameter", "string_too_long": "string_above_max_length"}
    return ApiError(400, codes.get(first["type"], "invalid_value"), f"{name}: {first['msg'].lower()} (got {quoted})", name)

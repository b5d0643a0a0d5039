"""Settings of the server: flags of `tts serve`, else environment variables `TTS_<NAME>`, else what stands here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from tts.config import validate

PREFIX = "TTS_"


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_split)]  # "one, two" in an environment variable


class Limits(BaseModel):
    """What one request, and all of them together, may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_running: int = Field(8, ge=1, le=1000)  # streams that are spoken at a time, by turns
    max_waiting: int = Field(16, ge=0, le=10_000)  # requests that wait until one of those ends; more are refused (429)
    max_open: int = Field(64, ge=1, le=20_000)  # accepted requests not yet ended, those of slow readers too
    max_connections: int = Field(512, ge=2, le=100_000)  # open connections; more are refused (503)
    max_characters: int = Field(4096, ge=1, le=1_000_000)  # of a text
    max_body_bytes: int = Field(262_144, ge=1024, le=100_000_000)  # of a request
    max_audio_seconds: float = Field(1800, gt=0, le=86_400)  # of an answer
    max_buffered_bytes: int = Field(524_288, ge=16_384, le=100_000_000)  # of an answer that its reader has not taken yet
    ask_seconds: float = Field(10, gt=0, le=3600)  # to send a request
    wait_seconds: float = Field(120, gt=0, le=3600)  # that an answer may keep its reader waiting, in all
    stall_seconds: float = Field(60, gt=0, le=3600)  # that a reader may take nothing of its answer
    drain_seconds: int = Field(30, ge=1, le=3600)  # for answers under way when the server is told to end


class Settings(BaseModel):
    """Where the server listens, who may call it, and what it speaks with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"  # address to listen at; 0.0.0.0 is every one
    port: int = Field(8000, ge=0, le=65_535)  # 0 takes a free one
    wyoming_port: int | None = Field(None, ge=0, le=65_535)  # also speak Wyoming here; None does not
    api_key: SecretStr | None = None  # that callers must show; None lets everybody in
    voices: Names = Field(["heart"], min_length=1)  # names, folders or repositories; the first is the default
    workers: int = Field(default_factory=usable_cores, ge=1, le=256)  # threads that speak
    demo: bool = False  # mount the Gradio demo at /demo
    limits: Limits = Limits()


def read_settings(flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Put flags, environment and defaults together.

    Args:
        flags: setting -> value; None means not given.
        environment: variables; those of the process if None. An empty variable is one that is not set.

    Raises:
        InputError: a value is out of range; variables of the prefix that are no setting are left alone.
    """
    environment = os.environ if environment is None else environment
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    values = _values(Settings, given, environment)
    values["limits"] = validate(Limits, _values(Limits, given, environment), "settings")
    return validate(Settings, values, "settings")


def _values(kind: type[BaseModel], given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in kind.model_fields if name != "limits"]
    found = {name: environment[PREFIX + name.upper()] for name in names if environment.get(PREFIX + name.upper())}
    return found | {name: given[name] for name in names if name in given}

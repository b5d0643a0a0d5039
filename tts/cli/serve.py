"""`tts serve`."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import typer

from tts.cli.console import note
from tts.errors import InputError

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.server.app import Mount, Service

LOG_LEVELS = ("debug", "info", "warning", "error")


def serve(
    host: str | None = typer.Option(None, help="Address to listen at; 0.0.0.0 is every one.  [default: 127.0.0.1]"),
    port: int | None = typer.Option(None, help="Port; 0 takes a free one.  [default: 8000]"),
    voice: list[str] = typer.Option(
        [], help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub; may be repeated.  [default: heart]"
    ),
    workers: int | None = typer.Option(None, help="Threads that speak.  [default: the cores]"),
    wyoming: int | None = typer.Option(
        None, metavar="PORT", help="Also speak Wyoming, for Home Assistant (needs the extra [wyoming])."
    ),
    demo: bool = typer.Option(False, "--demo", help="Show the demo at /demo (needs the extra [demo])."),
    log_level: str = typer.Option("info", help=", ".join(LOG_LEVELS) + "."),
) -> None:
    r"""Speak over HTTP, as OpenAI's clients ask for it.

    \b
      tts serve
      curl -s localhost:8000/v1/audio/speech --json '{"model": "tts-1", "voice": "alloy", "input": "Hello."}' > hello.mp3

    Every setting is an environment variable too (TTS_PORT, TTS_API_KEY, TTS_MAX_WAITING ...): see docs/server.md.
    """
    from tts.server.app import make_app
    from tts.server.desk import Desk, load_speakers
    from tts.server.listen import open_port, run
    from tts.server.settings import read_settings

    if log_level not in LOG_LEVELS:
        raise InputError(f"--log-level {log_level}: unknown; take one of {', '.join(LOG_LEVELS)}")
    flags = {"host": host, "port": port, "workers": workers, "wyoming_port": wyoming}
    settings = read_settings(flags | {"voices": voice or None, "demo": demo or None})
    service = None if settings.wyoming_port is None else _wyoming()
    mount = _demo() if settings.demo else None
    with open_port(settings) as bound:
        note(f"loading {', '.join(settings.voices)}")
        desk = Desk(load_speakers(settings.voices), settings)
        with _own_folder() if settings.demo else contextlib.nullcontext():
            status = run(make_app(desk, settings, mount, service), desk, settings, bound, log_level)
    if status:
        raise typer.Exit(status)


def _wyoming() -> Service:
    """The door for Home Assistant."""
    from tts.server.wyoming import open_wyoming

    return open_wyoming


def _demo() -> Mount:
    """The function that mounts the demo at /demo, with the voices of the server."""
    from tts.demo.app import mount
    from tts.demo.shelf import Shelf

    return lambda app, desk: mount(app, Shelf({name: cast("TTS", speaker.model) for name, speaker in desk.speakers.items()}))


@contextlib.contextmanager
def _own_folder() -> Iterator[None]:
    """Work in a folder that is empty and goes away: Gradio may serve what lies in the working folder."""
    with tempfile.TemporaryDirectory(prefix="tts-demo-", ignore_cleanup_errors=True) as folder, contextlib.chdir(folder):
        os.environ["GRADIO_TEMP_DIR"] = f"{folder}/files"
        yield

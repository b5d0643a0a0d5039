"""`tts demo`: the web page, in a folder of its own that goes away with it."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from pathlib import Path

import typer

from tts.cli.console import note
from tts.errors import InputError
from tts.inference.voices import find_voice, list_voices


def demo(
    host: str = typer.Option("127.0.0.1", help="Address to listen on; 0.0.0.0 lets the whole network in."),
    port: int = typer.Option(7860, min=0, max=65535, help="0 takes a free one."),
    voice: list[str] = typer.Option(
        [],
        metavar="VOICE",
        help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub; may be repeated.  "
        "[default: all bundled ones]",
    ),
    threads: int = typer.Option(1, min=1, max=256, help="Threads of one operation."),
) -> None:
    r"""Show the voices on a web page (needs the extra [demo]): speak, compare blindly, read books aloud.

    \b
      tts demo
      tts demo --voice heart --voice ./mine --port 8080
    """
    voices = {Path(name).name: find_voice(name).resolve() for name in voice or list_voices()}
    with tempfile.TemporaryDirectory(prefix="tts-demo-", ignore_cleanup_errors=True) as folder:
        os.environ["GRADIO_TEMP_DIR"] = f"{folder}/files"
        with contextlib.chdir(Path(folder)):  # Gradio may serve what lies in the working folder
            _serve(voices, host, port, threads)


def _serve(voices: dict[str, Path], host: str, port: int, threads: int) -> None:
    from tts.demo.app import build_app, launch
    from tts.demo.shelf import Shelf

    shelf = Shelf(voices, threads)
    shelf.warm_up()
    app = build_app(shelf)
    try:
        address = launch(app, host, port)
    except OSError as error:
        raise InputError(f"--host {host} --port {port}: cannot listen there ({error}); take another, or --port 0") from None
    note(f"the demo is at {address} (Ctrl-C ends it)")
    try:
        threading.Event().wait()
    finally:
        app.close(verbose=False)

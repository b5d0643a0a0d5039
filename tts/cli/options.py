"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from tts.inference.engine import TTS

RUNNER = typer.Option("local", help="local, or ray: a Ray cluster (needs the extra [ray]). The files are the same.")
ADDRESS = typer.Option("auto", help="Of the Ray cluster: HOST:PORT, or auto for the one that this machine is a node of.")
SPEAKER = typer.Option(
    None,
    metavar="NAME|FILE",
    help="Who speaks, of a voice of several speakers (`tts info` lists them); of one that hears recordings, also a recording of "
    "somebody, who consents (needs the extra [speakers]).  [default: the voice's first]",
)


def with_speaker(tts: TTS, who: str | None) -> TTS:
    """A voice as the one whom --speaker means: a name, or else the file of a recording.

    Raises:
        InputError: it is neither.
    """
    if who is None:
        return tts
    is_recording = who not in tts.speakers.vectors and tts.speakers.vectors and Path(who).is_file()
    return tts.with_speaker(Path(who) if is_recording else who)

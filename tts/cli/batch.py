"""`tts say --lines`: one audio file per line, and a manifest with a row for every line, spoken or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts.audio.io import open_audio
from tts.checkpoint import replacing
from tts.cli.console import note, progress_bar
from tts.cli.recording import record
from tts.errors import InputError
from tts.inference.subtitles import word_row

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.inference.sampling import SamplingConfig

MANIFEST_NAME = "manifest.jsonl"


def speak_lines(tts: TTS, lines: list[str], folder: Path, suffix: str, sampling: SamplingConfig) -> int:
    """Speak every line into a file of its own, all with the same seed, so that no line depends on the others.

    What was spoken before an interrupt stays, with its manifest.

    Args:
        tts: the voice.
        lines: texts.
        folder: of the files; must exist.
        suffix: of the files, with its dot.
        sampling: settings, with a seed.

    Returns:
        How many lines could not be spoken; each has its error in the manifest, and was reported.
    """
    failures, width = 0, max(4, len(str(len(lines))))
    failure: BaseException | None = None
    with replacing(folder / MANIFEST_NAME) as temporary, temporary.open("w", encoding="utf-8") as manifest:
        try:
            with progress_bar("speaking", len(lines)) as show:
                for done, line in enumerate(lines, 1):
                    row = _speak_line(tts, line, folder / f"{done:0{width}d}{suffix}", sampling)
                    manifest.write(json.dumps(row, ensure_ascii=False) + "\n")
                    failures += "error" in row
                    show(done)
        except BaseException as error:
            failure = error
    if failure is not None:
        raise failure
    return failures


def _speak_line(tts: TTS, line: str, path: Path, sampling: SamplingConfig) -> dict[str, Any]:
    """Speak one line; returns its row."""
    row: dict[str, Any] = {"id": path.stem, "text": line}
    try:
        with open_audio(path, tts.sample_rate) as write:
            recording = record(tts, line, sampling, write)
    except InputError as error:
        path.unlink(missing_ok=True)  # of an earlier run
        note(f"{path.stem}: {error}")
        return row | {"error": str(error)}
    words = [word_row(word) for sentence in recording.sentences for word in sentence.words]
    row |= {"audio": path.name, "seconds": round(recording.n_samples / tts.sample_rate, 4), "seed": sampling.seed, "words": words}
    return row | ({"unknown": recording.unknown} if recording.unknown else {})

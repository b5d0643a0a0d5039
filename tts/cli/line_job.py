"""The row job of `tts say --lines`: the lines of a part to audio files, and to the rows of the manifest."""

from __future__ import annotations

import hashlib
import json
import pickle
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from tts.audio.io import open_audio
from tts.checkpoint import make_folder
from tts.cli.recording import record
from tts.data.rows import Part, Row, jsonl, read_rows, write_whole
from tts.errors import InputError
from tts.inference.subtitles import word_row
from tts.inference.voices import hash_file

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.inference.sampling import SamplingConfig
    from tts.inference.voices import VoiceConfig

VERSION = 1  # of what is spoken; another number makes everything anew


@dataclass(frozen=True)
class SpeakPart:
    """Speaks parts of a list, all lines with the same seed, so that no line depends on the others.

    Attributes:
        load: loads the voice; picklable.
        voice: hash of the voice's config, which holds those of its files.
        folder: of the audio.
        sampling: settings, with a seed.
    """

    load: Callable[[], TTS]
    voice: str
    folder: Path
    sampling: SamplingConfig

    def __call__(self, part: Part[Row]) -> list[Row]:
        """Speak the lines (id, text, audio) of a part that are not spoken yet; returns the manifest's rows of all."""
        rows = {row["id"]: row for row in self.finished(part)}
        missing = [line for line in part.rows if line["id"] not in rows]
        if missing and part.path.exists():
            self._keep(part, rows)  # no row may stand for a file that is about to be replaced
        try:
            for line in missing:
                rows[line["id"]] = self._speak(line)
        finally:  # what was spoken before an interrupt stays
            if missing:
                self._keep(part, rows)
        return [rows[line["id"]] for line in part.rows]

    def finished(self, part: Part[Row]) -> list[Row]:
        """Rows of those lines of a part that were spoken before."""
        try:
            recorded = {row["id"]: row for row in read_rows(part.path)}
        except (OSError, ValueError, KeyError, TypeError):
            return []
        candidates = ((line, recorded.get(line["id"], {})) for line in part.rows)
        return [row for line, row in candidates if line.items() <= row.items() and (self.folder / line["audio"]).is_file()]

    def tts(self) -> TTS:
        """The voice, loaded once in each process.

        Raises:
            InputError: it is not the one that the run began with.
        """
        tts = _loaded(pickle.dumps(self.load))
        if hash_config(tts.voice.config) != self.voice:
            raise InputError(f"{tts.voice.folder} on {platform.node()}: is another voice than here; install the same everywhere")
        return tts

    def _keep(self, part: Part[Row], rows: dict[str, Row]) -> None:
        write_whole(part.path, jsonl([rows[line["id"]] for line in part.rows if line["id"] in rows]))

    def _speak(self, line: Row) -> Row:
        """Speak one line; returns its row."""
        tts, path = self.tts(), self.folder / line["audio"]
        make_folder(path.parent)
        try:
            with open_audio(path, tts.sample_rate) as write:
                recording = record(tts, line["text"], self.sampling, write)
        except InputError as error:
            path.unlink(missing_ok=True)  # of an earlier run
            return {"id": line["id"], "text": line["text"], "error": str(error)}
        words = [word_row(word) for sentence in recording.sentences for word in sentence.words]
        seconds = round(recording.n_samples / tts.sample_rate, 4)
        row = line | {"seconds": seconds, "seed": self.sampling.seed, "words": words}
        return row | ({"unknown": recording.unknown} if recording.unknown else {})


@lru_cache(maxsize=1)
def _loaded(load: bytes) -> TTS:
    tts: TTS = pickle.loads(load)()
    return tts


def hash_config(config: VoiceConfig) -> str:
    """A voice by what its config says, the hashes of its files among it."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()


def hash_settings(load: partial[TTS], voice: str, sampling: SamplingConfig, suffix: str) -> str:
    """All that decides the audio of a text but the seed: a file that the voice is loaded with counts by what is in it."""
    arguments = [_content(argument) for argument in load.args]
    parts = [VERSION, voice, arguments, sampling.model_dump_json(exclude={"seed"}), suffix]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _content(argument: object) -> list[str]:
    path = Path(str(argument).partition(":")[0])  # of a codebook with how to search it
    return [str(argument), hash_file(path) if path.is_file() else ""]

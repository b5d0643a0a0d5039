"""The voices that the demo offers: opened at the first use and kept. No name from a request ever becomes a path.

A voice with a codebook is offered twice: as it is, and with its draws mapped to the codebook; one of several speakers is offered
as each of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.voices import ALIGNER_NAME, CARD_NAME, CODEBOOK_NAME, VoiceConfig, list_voices, read_voice_config

WARM_UP = "Hello, zyxolant."  # a known and an unknown word: what is loaded at the first use is loaded before the first visitor
MAPPED = " mapped to codes"  # behind the name of a voice


class Shelf:
    """Voices by name; may be used by several threads."""

    def __init__(self, voices: Mapping[str, str | Path | TTS] | None = None, n_threads: int = 1) -> None:
        """Take the voices; none is opened yet.

        Args:
            voices: name -> name of a bundled voice, a voice's folder, or an open voice; by default the bundled ones.
            n_threads: threads of one operation.

        Raises:
            InputError: there is no voice.
        """
        self._sources = dict(voices if voices is not None else {name: name for name in list_voices()})
        self._variants = {
            f"{name}{ending}": (name, vary) for name, source in self._sources.items() for ending, vary in _variants(source)
        }
        self._n_threads = n_threads
        self._open: dict[str, TTS] = {}
        self._lock = threading.Lock()
        if not self._sources:
            raise InputError("no voice to show: none is bundled; give a voice's folder")

    @property
    def names(self) -> list[str]:
        """Of the voices, the default one first."""
        return [*self._sources, *self._variants]

    @property
    def listeners(self) -> list[str]:
        """Of the voices that can judge recordings."""
        return [name for name, source in self._sources.items() if ALIGNER_NAME in _config_of(source).sha256]

    def get(self, name: str) -> TTS:
        """The open voice of a name.

        Raises:
            InputError: no such voice here, or a damaged one.
        """
        if name not in self.names:
            raise InputError(f"unknown voice {name!r}: take one of {', '.join(self.names)}")
        with self._lock:
            if name not in self._open and name in self._variants:
                source, vary = self._variants[name]
                self._open[name] = vary(self._opened(source))
            return self._opened(name)

    def _opened(self, name: str) -> TTS:
        if name not in self._open:
            source = self._sources[name]
            self._open[name] = source if isinstance(source, TTS) else TTS.load(source, n_threads=self._n_threads)
        return self._open[name]

    def warm_up(self) -> None:
        """Open the default voice and speak a few words into nothing."""
        self.get(self.names[0]).synthesize(WARM_UP)

    def card(self, name: str) -> str:
        """A voice's card, Markdown; "" if it has none."""
        path = self.get(name).voice.folder / CARD_NAME
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def _variants(source: str | Path | TTS) -> Iterator[tuple[str, Callable[[TTS], TTS]]]:
    """How else a voice can be heard: what its name ends with, and what makes it of the voice."""
    config = _config_of(source)
    if CODEBOOK_NAME in config.sha256:
        yield MAPPED, lambda tts: tts.mapped_to("codebook")
    for name in config.acoustic.speakers.names[1:] if config.acoustic.speakers else ():
        yield f" as {name}", partial(TTS.with_speaker, who=name)


def _config_of(source: str | Path | TTS) -> VoiceConfig:
    return source.voice.config if isinstance(source, TTS) else read_voice_config(source)

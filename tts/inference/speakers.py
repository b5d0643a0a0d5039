"""Whom a voice of several speakers can speak as: a vector by name, or one made of a recording. No torch, but for recordings.

Letters: n speakers, K numbers of a vector.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tts.audio.speaker import embed_recording
from tts.errors import InputError
from tts.inference.voices import SPEAKERS_NAME, Voice

VECTORS = "vectors"  # tensor of the file
MAX_LISTED = 12  # names in a message


@dataclass(frozen=True)
class VoiceSpeakers:
    """Speakers of a voice.

    Attributes:
        voice: its name.
        vectors: (K,) float32 of each by name, in order; none if the voice has one speaker.
        default: who speaks when nobody is named; None if the voice has one speaker.
        hears_recordings: whether a recording says who speaks, too.
    """

    voice: str
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    default: str | None = None
    hears_recordings: bool = False

    def vector(self, name: str | None = None) -> np.ndarray | None:
        """Vector (K,) of a speaker, or of the default one; None if the voice has one speaker. No name opens a file.

        Raises:
            InputError: there is nobody of this name.
        """
        name = self.default if name is None else name
        if name is None or name in self.vectors:
            return None if name is None else self.vectors[name]
        if not self.vectors:
            raise InputError(f"speaker {name[:80]!r}: voice {self.voice!r} has one speaker; leave it out")
        more = ", and speaks by recordings" if self.hears_recordings else ""
        raise InputError(f"unknown speaker {name[:80]!r}: voice {self.voice!r} has {self._names()}{more}")

    def choose(self, who: str | Path) -> VoiceSpeakers:
        """The same speakers, another one being the default.

        Args:
            who: a name; or a recording's path, which then is one of the names.

        Raises:
            InputError: there is nobody of this name, or the recording cannot be used, or not by this voice.
        """
        if isinstance(who, str):
            self.vector(who)
            return replace(self, default=who)
        if not self.hears_recordings:
            raise InputError(f"speaker {who}: voice {self.voice!r} has {self._names()}, and cannot speak by recordings")
        return replace(self, vectors=self.vectors | {str(who): embed_recording(who)}, default=str(who))

    def _names(self) -> str:
        """The first names, in words."""
        names, left = list(self.vectors), len(self.vectors) - MAX_LISTED
        return ", ".join(names[:MAX_LISTED]) + (f" and {left} more (`tts info`)" if left > 0 else "") or "one speaker"


def open_speakers(voice: Voice) -> VoiceSpeakers:
    """The speakers of a voice."""
    config = voice.config.acoustic.speakers
    if config is None:
        return VoiceSpeakers(voice.config.name)
    from safetensors.numpy import load_file

    vectors = load_file(voice.file(SPEAKERS_NAME))[VECTORS].astype(np.float32)  # (n, K)
    named = dict(zip(config.names, vectors, strict=True))
    return VoiceSpeakers(voice.config.name, named, config.names[0], config.kind == "reference")

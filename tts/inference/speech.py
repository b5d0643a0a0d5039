"""What the engine gives: pieces of a stream, a whole text, the times of its words. Letters: T frames, F mel bands, N samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tts.audio.io import write_audio


@dataclass(frozen=True)
class WordTiming:
    """When a word is spoken.

    Attributes:
        text: the spoken word.
        start: seconds from the beginning of the audio.
        end: seconds.
    """

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class AudioChunk:
    """A piece of the stream.

    Attributes:
        audio: (N,) float32 in [-1, 1].
        sample_rate: Hz.
        start: seconds from the beginning of the stream.
        words: timings of all words of an utterance, on its first chunk; empty on the others.
        mel: (T, F) natural-log mel frames that were made for this chunk; they run ahead of the audio.
        text: the written sentence, on the first chunk of an utterance; "" on the others.
    """

    audio: np.ndarray
    sample_rate: int
    start: float
    words: list[WordTiming] = field(default_factory=list)
    mel: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    text: str = ""


@dataclass(frozen=True)
class Speech:
    """A whole text, spoken.

    Attributes:
        audio: (N,) float32 in [-1, 1].
        sample_rate: Hz.
        words: timings of all words.
        mel: (T, F) natural-log mel of the speech, pauses between sentences left out.
        seed: that gives the same audio again.
        unknown: characters that were not spoken, with counts.
    """

    audio: np.ndarray
    sample_rate: int
    words: list[WordTiming]
    mel: np.ndarray
    seed: int
    unknown: dict[str, int]

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return len(self.audio) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """Write the audio; the suffix names the format (wav, flac, mp3, ogg, opus).

        Raises:
            InputError: unknown suffix, or the file cannot be written.
        """
        write_audio(Path(path), self.audio, self.sample_rate)

"""A take: one text as it was spoken, with all that the page shows of it. Letters: N samples, T frames, F mel bands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tts.audio.io import to_pcm16
from tts.config import validate
from tts.errors import InputError
from tts.inference.engine import TTS, with_seed
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import AudioChunk, WordTiming
from tts.inference.subtitles import Sentence

PIECE_SECONDS = 1.0  # of streamed audio: a player wants pieces of equal length, not under a second


@dataclass
class Line:
    """One utterance of a take.

    Attributes:
        text: as it was written.
        start: seconds from the beginning of the audio.
        words: with their times in the audio.
        mels: natural-log mel frames (T, F), in parts.
    """

    text: str
    start: float
    words: list[WordTiming]
    mels: list[np.ndarray] = field(default_factory=list)

    @property
    def mel(self) -> np.ndarray:
        """All frames (T, F)."""
        return np.concatenate(self.mels)


@dataclass
class Take:
    """A text, how it is to be spoken, and what came of it.

    Attributes:
        voice: name of the voice.
        text: as it was written.
        sampling: settings, with a seed.
        sample_rate: Hz.
        lines: utterances so far.
        audio: (N,) float32 in [-1, 1], in parts.
        unknown: characters that were not spoken, with counts.
        compute_seconds: that the engine has worked.
        first_audio_seconds: that it worked before the first samples were there.
    """

    voice: str
    text: str
    sampling: SamplingConfig
    sample_rate: int
    lines: list[Line] = field(default_factory=list)
    audio: list[np.ndarray] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    compute_seconds: float = 0.0
    first_audio_seconds: float | None = None

    def speak(self, tts: TTS) -> Iterator[np.ndarray]:
        """Speak the text, take note of what comes, and yield the audio (N,) of every chunk.

        Raises:
            InputError: nothing in the text can be spoken.
        """
        chunks = tts.stream(self.text, self.sampling, self.unknown)
        while True:
            began = time.perf_counter()
            chunk = next(chunks, None)
            self.compute_seconds += time.perf_counter() - began
            if chunk is None:
                return
            self._add(chunk)
            yield chunk.audio

    def _add(self, chunk: AudioChunk) -> None:
        self.audio.append(chunk.audio)
        if chunk.words:
            self.lines.append(Line(chunk.text, chunk.start, chunk.words))
        if len(chunk.mel):
            self.lines[-1].mels.append(chunk.mel)
        if self.first_audio_seconds is None and len(chunk.audio) and chunk.words:
            self.first_audio_seconds = self.compute_seconds

    @property
    def waveform(self) -> np.ndarray:
        """All audio, (N,) float32."""
        return np.concatenate(self.audio)

    @property
    def pcm(self) -> tuple[int, np.ndarray]:
        """Sample rate and samples (N,) int16: what Gradio plays as it is; it would scale floats to their own peak."""
        return self.sample_rate, to_pcm16(self.waveform)

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return sum(map(len, self.audio)) / self.sample_rate

    @property
    def rtf(self) -> float:
        """Compute seconds per second of audio."""
        return self.compute_seconds / self.seconds

    @property
    def sentences(self) -> list[Sentence]:
        """For subtitles."""
        return [Sentence(line.text, line.words) for line in self.lines]


def prepare(tts: TTS, voice: str, text: str, max_characters: int, **settings: Any) -> Take:
    """A take that has not been spoken yet.

    Args:
        tts: the open voice.
        voice: its name.
        text: to speak.
        max_characters: that a text may have.
        **settings: of SamplingConfig; None means the default.

    Raises:
        InputError: the text is too long or empty, or a setting is out of range.
    """
    if not text.strip():
        raise InputError("nothing to speak: write a sentence first")
    if len(text) > max_characters:
        raise InputError(f"{len(text):,} characters are too many here: cut the text to {max_characters:,}, or use Batch")
    return Take(voice, text, make_sampling(**settings), tts.sample_rate)


def make_sampling(**settings: Any) -> SamplingConfig:
    """Settings with a seed; None means the default.

    Raises:
        InputError: a setting is out of range.
    """
    chosen = {name: value for name, value in settings.items() if value is not None}
    return with_seed(validate(SamplingConfig, chosen, "settings"))


def join_pieces(chunks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """Join chunks (N,) float32 into int16 pieces of PIECE_SECONDS; the last holds what is left."""
    size = round(PIECE_SECONDS * sample_rate)
    waiting = np.zeros(0, np.float32)
    for chunk in chunks:
        waiting = np.concatenate((waiting, chunk))
        while len(waiting) >= size:
            yield to_pcm16(waiting[:size])
            waiting = waiting[size:]
    if len(waiting):
        yield to_pcm16(waiting)

"""The desk takes orders: it knows the voices and what callers call them, and hands every order to the scheduler.

A voice is asked for by its id, which must be one of those that the server was started with: no name from a request ever becomes a
path. OpenAI's voice names (alloy ...) mean the default voice, OpenAI's model names this model; any other name is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tts.errors import InputError
from tts.inference.engine import TTS, with_seed
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import AudioChunk
from tts.inference.voices import find_voice
from tts.server.encoders import MEDIA_TYPES, make_encoder
from tts.server.errors import ApiError
from tts.server.metrics import Metrics
from tts.server.settings import Limits, Settings
from tts.server.streams import Piece, Pieces, Stream
from tts.server.workers import Scheduler

MODEL = "calm-tts"
MODEL_ALIASES = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")  # of OpenAI's, with any date behind them
VOICE_ALIASES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)  # of OpenAI's
FIRST_SECONDS = 0.2  # of audio that are sent first: an engine's first chunk may be too short to play until the second is made
BLOCK_SECONDS = 1.0  # of audio that is encoded in one turn; a written pause comes as one long chunk
WARM_UP = "Hello, zyxolant."  # a known and an unknown word: all that is loaded at the first use is loaded before the first caller


class Model(Protocol):
    """What the server needs of an engine; `TTS` is one. Its streams may run in several threads at a time."""

    @property
    def sample_rate(self) -> int:
        """Of the audio, Hz."""
        ...

    def stream(self, text: str, sampling: SamplingConfig | None = None) -> Iterator[AudioChunk]:
        """Speak a text piece by piece."""
        ...


@dataclass(frozen=True)
class Speaker:
    """A voice that can be asked for.

    Attributes:
        id: its name in requests.
        model: speaks with it.
        language: such as en-us.
        license: SPDX identifier.
        summary: one line.
        names: of the people it can speak as, if there are several.
    """

    id: str
    model: Model
    language: str = "en-us"
    license: str = ""
    summary: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What is to be spoken, and how; checked already but for the voice and the text."""

    text: str
    voice: str
    format: str
    sampling: SamplingConfig


@dataclass(frozen=True)
class Reading:
    """An order that was accepted.

    Attributes:
        stream: its pieces.
        speaker: who reads it.
        seed: that gives the same audio again.
    """

    stream: Stream
    speaker: Speaker
    seed: int


def load_speakers(voices: Sequence[str]) -> list[Speaker]:
    """Load voices and let each say a word, so that the first caller waits no longer than the others.

    Args:
        voices: names of bundled voices, folders, or repositories of the Hugging Face hub.

    Raises:
        InputError: no such voice, a damaged one, or two of one name.
    """
    speakers = []
    for name in voices:
        tts = TTS.load(find_voice(name).resolve())  # also found when the working folder is another
        tts.synthesize(WARM_UP)
        config = tts.voice.config
        speakers.append(Speaker(config.name, tts, config.language, config.license, config.summary, config.speaker_names))
    if len({speaker.id for speaker in speakers}) < len(speakers):
        raise InputError(f"voices {', '.join(voices)}: two of one name; leave one out")
    return speakers


class Desk:
    """Takes orders."""

    def __init__(self, speakers: Sequence[Speaker], settings: Settings) -> None:
        """Open; the first speaker is the default. Threads start here, and end with `close`."""
        for format in MEDIA_TYPES:  # loads what encodes, so that the first caller waits no longer than the others
            make_encoder(format, speakers[0].model.sample_rate).close()
        self.speakers = {speaker.id: speaker for speaker in speakers}
        self.default = speakers[0]
        self.limits: Limits = settings.limits
        self.metrics = Metrics()
        self.scheduler = Scheduler(settings.limits, settings.workers, self.metrics)

    def check_model(self, name: str) -> None:
        """Refuse a model that is not here.

        Raises:
            ApiError: 404, as OpenAI's.
        """
        if name != MODEL and not name.startswith(MODEL_ALIASES):
            message = f"the model {name[:80]!r} does not exist; take {MODEL}"
            raise ApiError(404, "model_not_found", message, "model")

    def find_speaker(self, name: str) -> Speaker:
        """The voice that a caller means.

        Raises:
            ApiError: 400, there is none of this name.
        """
        if name in self.speakers:
            return self.speakers[name]
        if name in VOICE_ALIASES:
            return self.default
        message = f"unknown voice {name[:80]!r}: take one of {', '.join(self.speakers)}"
        raise ApiError(400, "voice_not_found", message, "voice")

    def take(self, order: Order) -> Reading:
        """Accept an order.

        Raises:
            ApiError: unknown voice, the text is too long, no room, or the server is ending.
        """
        speaker = self.find_speaker(order.voice)
        limit = self.limits.max_characters
        if len(order.text) > limit:
            message = f"input: {len(order.text)} characters, over the limit of {limit}; send it in parts"
            raise ApiError(400, "string_above_max_length", message, "input")
        sampling = with_seed(order.sampling)
        stream = self.scheduler.open(lambda: self._speak(speaker.model, order, sampling))
        assert sampling.seed is not None
        return Reading(stream, speaker, sampling.seed)

    def close(self) -> None:
        """End the threads."""
        self.scheduler.close()

    def _speak(self, model: Model, order: Order, sampling: SamplingConfig) -> Pieces:
        """All of an order's work, in a worker thread."""
        rate = model.sample_rate
        encoder = make_encoder(order.format, rate)
        size, left = round(BLOCK_SECONDS * rate), round(self.limits.max_audio_seconds * rate)
        try:
            for chunk in _with_lead(model.stream(order.text, sampling), round(FIRST_SECONDS * rate)):
                words, n_frames = chunk.words, len(chunk.mel)
                for start in range(0, max(1, len(chunk.audio)), size):
                    audio = chunk.audio[start : start + size]
                    left -= len(audio)
                    if left < 0:
                        message = f"the speech is over the limit of {self.limits.max_audio_seconds:g} seconds"
                        raise ApiError(400, "audio_above_max_length", message, "input")
                    yield Piece(encoder.push(audio), len(audio) / rate, n_frames, words)
                    words, n_frames = [], 0
            yield Piece(encoder.finish())
        finally:
            encoder.close()


def _with_lead(chunks: Iterator[AudioChunk], n_samples: int) -> Iterator[AudioChunk]:
    """The chunks, the first ones joined to one of at least n_samples, if there are as many."""
    first: list[AudioChunk] = []
    while sum(len(chunk.audio) for chunk in first) < n_samples and (chunk := next(chunks, None)) is not None:
        first.append(chunk)
    if first:
        words = [word for chunk in first for word in chunk.words]
        mel = np.concatenate([chunk.mel for chunk in first if len(chunk.mel)] or [first[0].mel])
        yield AudioChunk(np.concatenate([chunk.audio for chunk in first]), first[0].sample_rate, 0.0, words, mel)
    yield from chunks

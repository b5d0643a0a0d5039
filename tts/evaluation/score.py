"""From recordings to results: what is heard in each, how far it is from the text, and how good it sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from tts.evaluation.listen import LISTEN_RATE, QualityPredictor, Transcriber, read_resampled
from tts.evaluation.metrics import EditCounts, count_characters, count_words
from tts.evaluation.speak import Recording


class LineResult(BaseModel):
    """What became of one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int  # of the line, from 1
    seed: int | None = None
    file: str | None = None
    text: str
    heard: str
    words: EditCounts
    characters: EditCounts
    seconds: float  # of audio
    compute_seconds: float | None = None
    mos: float | None = None  # 1 to 5
    error: str | None = None  # why there is no audio

    @property
    def wer(self) -> float:
        """Word error rate of the line."""
        return self.words.rate


@dataclass(frozen=True)
class Listeners:
    """Who judges the recordings.

    Attributes:
        transcriber: writes down what is said.
        quality: predicts the mean opinion score; None leaves it out.
        normalize: applied to the text and to what was heard before they are compared.
    """

    transcriber: Transcriber
    quality: QualityPredictor | None
    normalize: Callable[[str], str]


def score_recordings(recordings: Iterable[Recording], listeners: Listeners) -> Iterator[LineResult]:
    """Listen to recordings one by one; a line without audio counts as not said at all."""
    for recording in recordings:
        yield _score(recording, listeners)


def _score(recording: Recording, listeners: Listeners) -> LineResult:
    heard, seconds, mos = "", 0.0, None
    if recording.path is not None:
        audio = read_resampled(recording.path)
        heard, seconds = listeners.transcriber.transcribe(audio), len(audio) / LISTEN_RATE
        mos = listeners.quality.score(audio) if listeners.quality else None
    reference, hypothesis = listeners.normalize(recording.text), listeners.normalize(heard)
    return LineResult(
        index=recording.index,
        seed=recording.seed,
        file=recording.path.name if recording.path else None,
        text=recording.text,
        heard=heard.strip(),
        words=count_words(reference, hypothesis),
        characters=count_characters(reference, hypothesis),
        seconds=seconds,
        compute_seconds=recording.compute_seconds,
        mos=mos,
        error=recording.error,
    )

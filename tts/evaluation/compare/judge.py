"""Who judges the spoken sentences: a recogniser and a predictor of quality, each of which may be missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts.evaluation.compare.stutter import count_word_repeats
from tts.evaluation.listen import DistillMos, QualityPredictor, Transcriber, Whisper, load_normalizer, read_resampled
from tts.evaluation.metrics import count_words

NO_ASR = "none"


@dataclass(frozen=True)
class Judge:
    """Listeners that are at hand.

    Attributes:
        transcriber: None where there is none; then no words are counted.
        quality: None where there is none.
        normalize: applied to what was written and to what was heard.
    """

    transcriber: Transcriber | None
    quality: QualityPredictor | None
    normalize: Callable[[str], str]

    @property
    def names(self) -> dict[str, str | None]:
        """Who listens; part of the key of what is judged."""
        transcriber = self.transcriber.name if self.transcriber else None
        return {"recogniser": transcriber, "quality": self.quality.name if self.quality else None}

    def hear(self, path: Path, text: str) -> dict[str, Any]:
        """Word errors, repeats, and the predicted opinion score of a recording; None for what is not measured."""
        audio = read_resampled(path)
        row: dict[str, Any] = {"mos": self.quality.score(audio) if self.quality else None}
        if self.transcriber is None:
            return row | {"words": None}
        reference, heard = self.normalize(text), self.normalize(self.transcriber.transcribe(audio))
        return row | {"words": count_words(reference, heard).model_dump(), "repeats": count_word_repeats(reference, heard)}


def load_judge(asr: str, n_threads: int = 1) -> Judge:
    """Load what is there.

    Args:
        asr: a faster-whisper model's name or folder; "none" counts no words.
        n_threads: of the recogniser.

    Raises:
        InputError: a recogniser is asked for and cannot be loaded.
    """
    quality = load_quality(n_threads)
    if asr == NO_ASR:
        return Judge(None, quality, str)
    return Judge(Whisper(asr, n_threads), quality, load_normalizer())


def load_quality(n_threads: int = 1) -> DistillMos | None:
    """DistillMOS, if it is installed."""
    return DistillMos(n_threads) if has_quality() else None


def has_quality() -> bool:
    """Whether DistillMOS is installed."""
    return importlib.util.find_spec("distillmos") is not None

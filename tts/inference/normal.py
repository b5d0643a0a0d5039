"""What likelihood is normal for a voice: measured on recordings that it never learned from, kept beside its graphs. No torch.

Sounds differ: a vowel is likelier than a fricative, always. So every symbol has its own normal log-probability, and a word or a
clip is judged by its mean distance d from it. Of n frames, d varies with variance a + b / n: frames are alike by themselves, and
neighbours are alike too. Letters: T frames, F mel bands, S tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.config import validate
from tts.inference.voices import NORMAL_NAME, Voice

RARE_SHARE = 0.005  # of a voice's own words are flagged
OUTLIER = 3.0  # standard deviations beyond which a distance counts as if it were there
PRIOR_FRAMES = 20  # of the mean of all symbols, that each symbol's own begins with

Variance = tuple[float, float]


class Normal(BaseModel):
    """What is normal for a voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_clips: int = Field(gt=0)  # that it was measured on
    level: list[float]  # natural log of the mean magnitude of speech in each band, see hearing.speech_level
    log_prob: list[float]  # nats per frame and band, by the id of the symbol
    word_variance: Variance  # a and b, (nats per frame and band) squared
    clip_variance: Variance
    rare_z: float  # that RARE_SHARE of the words do not reach

    def distances(self, log_prob: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """How far frames lie from normal, (T,) nats per band.

        Args:
            log_prob: (T,) nats per frame and band.
            symbols: int64 (T,) id of each frame's token.
        """
        distances: np.ndarray = log_prob - np.array(self.log_prob)[symbols]
        return distances

    def of_word(self, distances: np.ndarray) -> float:
        """Standard deviations from normal of a word's frames."""
        return _z(distances, self.word_variance)

    def of_clip(self, distances: np.ndarray) -> float:
        """Standard deviations from normal of all frames of a clip."""
        return _z(distances, self.clip_variance)


def read_normal(voice: Voice) -> Normal | None:
    """What is normal for a voice, if it knows.

    Raises:
        InputError: its file is damaged.
    """
    if NORMAL_NAME not in voice.config.sha256:
        return None
    path = voice.file(NORMAL_NAME)
    return validate(Normal, json.loads(path.read_text(encoding="utf-8")), str(path))


def write_normal(normal: Normal, path: Path) -> None:
    """Write what `read_normal` reads."""
    path.write_text(normal.model_dump_json() + "\n", encoding="utf-8")


@dataclass(frozen=True)
class JudgedClip:
    """A clip of the voice's own, judged.

    Attributes:
        log_prob: (T,) nats per frame and band.
        symbols: int64 (T,) id of each frame's token.
        words: first frame and end of every word.
    """

    log_prob: np.ndarray
    symbols: np.ndarray
    words: list[slice]


def measure_normal(clips: Iterable[JudgedClip], n_symbols: int, level: np.ndarray) -> Normal:
    """Learn what is normal from clips of the voice's own.

    Args:
        clips: at least one.
        n_symbols: of the voice.
        level: (F,) of its speech.
    """
    clips = list(clips)
    log_prob, symbols = (np.concatenate([getattr(clip, name) for clip in clips]) for name in ("log_prob", "symbols"))
    counts = np.bincount(symbols, minlength=n_symbols) + PRIOR_FRAMES
    means = (np.bincount(symbols, log_prob, minlength=n_symbols) + PRIOR_FRAMES * log_prob.mean()) / counts
    of_clips = [clip.log_prob - means[clip.symbols] for clip in clips]
    of_words = [own[word] for own, clip in zip(of_clips, clips, strict=True) for word in clip.words]
    word_variance = _fit_variance(of_words)
    return Normal(
        n_clips=len(clips),
        level=[round(float(value), 4) for value in level],
        log_prob=[round(float(value), 4) for value in means],
        word_variance=word_variance,
        clip_variance=_fit_variance(of_clips),
        rare_z=round(float(np.quantile([_z(word, word_variance) for word in of_words], RARE_SHARE)), 3),
    )


def _z(distances: np.ndarray, variance: Variance) -> float:
    return float(distances.mean() / np.sqrt(variance[0] + variance[1] / len(distances)))


def _fit_variance(parts: list[np.ndarray]) -> Variance:
    """Least squares for a and b over the squared means of parts, outliers drawn in."""
    means, lengths = np.array([part.mean() for part in parts]), np.array([len(part) for part in parts])
    spread = 1.4826 * np.median(np.abs(means - np.median(means)))
    squares = np.minimum(np.square(means), np.square(OUTLIER * spread) + 1e-12)
    b = max(0.0, float(np.polyfit(1 / lengths, squares, 1)[0])) if len(np.unique(lengths)) > 1 else 0.0
    a = max(float((squares - b / lengths).mean()), 1e-6)
    return round(a, 7), round(b, 7)

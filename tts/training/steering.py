"""Learning the directions that a voice can be steered along from aligned features; tts/evaluation/steering.py calibrates them.

All of it is linear regression of frames on what prosody.py finds of their words, within symbols. The pitch of a frame is no
direction but a shape: a template of harmonics for each level of pitch, and a discriminant that tells the level of a frame.
Letters: N frames, F mel bands, V symbols, K levels of pitch, J of them within the speaker's range.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.models.steering import Directions, SteeringFacts, band_places, smooth_bands
from tts.text.manner import DIRECTIONS
from tts.training.prosody import (
    Frames,
    choose_utterances,
    group_means,
    measure_rate,
    measure_words,
    read_frames,
    read_phones,
)

STEP = 0.5  # semitones between levels
MARGIN = 9.0  # semitones that levels reach beyond the speaker's range, both ways
TOP_PERCENTILE = 99.5  # of pitch, the upper end of the range; the lower is where creak begins
MORE_PHONES = 4  # times as many utterances tell the rate, for durations are read fast
SMOOTHNESS, RIDGE = 20.0, 0.1  # of the templates: of their second differences over levels, and of their size
NOISE = 0.003  # added to the variance of each band where frames are told apart


@dataclass(frozen=True)
class LearnSettings:
    """What to learn from.

    Attributes:
        n_utterances: whose frames are read, at most.
        min_tokens: of an utterance; shorter ones are not said as sentences are.
        seed: of the choice.
    """

    n_utterances: int = 1500
    min_tokens: int = 25
    seed: int = 0


def learn_directions(folder: Path, mel_mean: np.ndarray, mel_std: np.ndarray, settings: LearnSettings) -> Directions:
    """Learn a voice's directions, not yet calibrated; the same features and settings give the same.

    Args:
        folder: aligned features that the voice was trained on.
        mel_mean: (F,) that the voice normalises frames by.
        mel_std: (F,).
        settings: what to learn from.

    Raises:
        InputError: there are no such features, or too few.
    """
    data = FeatureFolder(folder, "train")
    mel_facts = json.loads((folder / "mel.json").read_text(encoding="utf-8"))
    chosen = choose_utterances(data, MORE_PHONES * settings.n_utterances, settings.min_tokens, settings.seed)
    frames = read_frames(data, sorted(chosen[: settings.n_utterances]), mel_facts["sample_rate"])
    measured = [measure_words(frames, values) for values in (frames.semitones, frames.energy, frames.brightness)]
    stretch, rate_unit = measure_rate(read_phones(data, sorted(chosen)), len(data.symbols))
    share = group_means(frames.is_voiced, frames.symbol, n_groups=len(data.symbols))
    share[data.symbols.silence_ids] = -1
    corpus = _normalize(frames, [words for words, _ in measured], mel_mean, mel_std)
    units = (*(unit for _, unit in measured), rate_unit)
    facts = SteeringFacts(
        units=dict(zip(DIRECTIONS, units, strict=True)),
        mel=mel_facts,
        seed=settings.seed,
        n_utterances=min(len(chosen), settings.n_utterances),
    )
    levels, inner = _make_levels(corpus)
    return Directions(
        levels=levels,
        templates=_learn_templates(corpus, levels, inner),
        inner=inner,
        **_learn_discriminant(corpus, levels[inner]),
        voiced_share=share,
        voiced=_learn_vectors(corpus, corpus.is_voiced),
        unvoiced=_learn_vectors(corpus, ~corpus.is_voiced),
        stretch=stretch,
        gains=np.eye(3),
        f0_doses=np.array([-1.0, 1.0]),
        f0_missing=np.zeros(2),
        facts=facts,
    )


@dataclass(frozen=True)
class _Corpus:
    """Frames whose mel is kept: normalised (N, F); semitones, is_voiced, symbol (N,); their words' attributes in units (N, 3)."""

    frames: np.ndarray
    semitones: np.ndarray
    is_voiced: np.ndarray
    symbol: np.ndarray
    words: np.ndarray


def _normalize(frames: Frames, words: list[np.ndarray], mel_mean: np.ndarray, mel_std: np.ndarray) -> _Corpus:
    kept = frames.has_mel
    normal = ((frames.mel - mel_mean) / mel_std).astype(np.float32)
    of_frame = np.stack(words, axis=1)[frames.word[kept]].astype(np.float32)
    return _Corpus(normal, frames.semitones[kept], frames.is_voiced[kept], frames.symbol[kept], of_frame)


def _make_levels(corpus: _Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Levels (K,) of pitch, and the places (J,) of those within the speaker's range."""
    low, high = np.percentile(corpus.semitones[corpus.is_voiced], (0, TOP_PERCENTILE))
    first, last = np.ceil(low / STEP), np.floor(high / STEP)
    last = max(last, first + 4)  # a monotone has a range too
    levels = np.arange(first - MARGIN / STEP, last + MARGIN / STEP + 1) * STEP
    return levels, np.flatnonzero((levels >= first * STEP) & (levels <= last * STEP))


def _hats(semitones: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Weights (n, K) of linear interpolation between levels; the outermost stand for all that lies beyond."""
    place = np.clip((semitones - levels[0]) / STEP, 0, len(levels) - 1 - 1e-6)
    below = place.astype(np.int64)
    weights = np.zeros((len(place), len(levels)), np.float32)
    rows = np.arange(len(place))
    weights[rows, below], weights[rows, below + 1] = 1 - (place - below), place - below
    return weights


def _centre(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Values (n, d) less the mean of each one's group."""
    centred = np.array(values, np.float32)
    for name in np.unique(group):
        rows = group == name
        centred[rows] -= centred[rows].mean(0)
    return centred


def _learn_templates(corpus: _Corpus, levels: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Templates (K, F): what is left of each level's frames when symbol, energy and brightness are taken off, less the envelope.

    Beyond the range, the nearest template is stretched along the bands, as its harmonics are.
    """
    voiced, n_inner = corpus.is_voiced, len(inner)
    hats = _hats(corpus.semitones[voiced], levels[inner])
    causes = _centre(np.concatenate((hats, corpus.words[voiced][:, 1:]), axis=1), corpus.symbol[voiced])
    frames = _centre(corpus.frames[voiced], corpus.symbol[voiced])
    bend = np.diff(np.eye(n_inner), 2, axis=0)
    penalty = np.zeros((n_inner + 2, n_inner + 2))
    penalty[:n_inner, :n_inner] = SMOOTHNESS * bend.T @ bend + RIDGE * np.eye(n_inner)
    solved = np.linalg.solve(causes.T @ causes + penalty, causes.T @ frames)[:n_inner]
    fine = solved - smooth_bands(solved)
    nearest = np.clip(np.arange(len(levels)) - inner[0], 2, n_inner - 3)  # the outermost two have few frames
    nearest = np.where(np.isin(np.arange(len(levels)), inner), np.arange(len(levels)) - inner[0], nearest)
    further = levels - levels[inner][nearest]
    return np.stack([_stretched(fine[near], semitones) for near, semitones in zip(nearest, further, strict=True)])


def _stretched(template: np.ndarray, semitones: float) -> np.ndarray:
    """A template (F,) of a pitch so many semitones higher; exact where the mel scale is linear in its places."""
    mel = (np.arange(len(template)) + 1) / (len(template) + 1)
    hertz = np.expm1(mel * np.log1p(12_000 / 700))  # up to a factor
    return np.interp(hertz / 2 ** (semitones / 12), hertz, template)


def _learn_discriminant(corpus: _Corpus, levels: np.ndarray) -> dict[str, np.ndarray]:
    """The linear discriminant of the levels and of frames without harmonics, from frames with something in the lowest bands."""
    is_heard = corpus.frames[:, band_places(corpus.frames.shape[1]) < 12].mean(1) > -1
    voiced, others = is_heard & corpus.is_voiced, is_heard & ~corpus.is_voiced
    if voiced.sum() < len(levels):
        raise InputError("these features are not those that the voice was trained on: by its mel scale, none of them is speech")
    frames = np.concatenate((corpus.frames[voiced], corpus.frames[others]))
    classes = np.zeros((len(frames), len(levels) + 1), np.float32)
    classes[: voiced.sum(), :-1] = _hats(corpus.semitones[voiced], levels)
    classes[voiced.sum() :, -1] = 1
    counts = np.maximum(classes.sum(0), 1e-3)
    means, offset = classes.T @ frames / counts[:, None], frames.mean(0)
    left = frames - classes @ means
    covariance = left.T @ left / len(left) + NOISE * np.eye(frames.shape[1])
    weights = np.linalg.solve(covariance, (means - offset).T).T
    bias = -0.5 * (weights * (means - offset)).sum(1) + np.log(counts / counts.sum())
    return {"level_weights": weights, "level_bias": bias, "level_offset": offset}


def _learn_vectors(corpus: _Corpus, keep: np.ndarray) -> np.ndarray:
    """One unit of energy and of brightness (2, F) in some of the frames, pitch being equal."""
    causes, frames = (_centre(values[keep], corpus.symbol[keep]) for values in (corpus.words, corpus.frames))
    vectors: np.ndarray = np.linalg.solve(causes.T @ causes + 1e-3 * np.eye(3), causes.T @ frames)[1:]
    return vectors

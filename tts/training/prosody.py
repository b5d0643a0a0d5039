"""What a corpus' speaker does with pitch, energy, brightness and rate, word by word, beyond what the sounds ask for.

A frame's attributes are its tracked F0, and the energy and the centre of its mel; a word's are the means over its voiced frames,
each compared with the mean of its symbol. The unit of an attribute is its standard deviation over words at the same place in
their sentences. Letters: N frames, n phones, F mel bands, V symbols, W words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.data.dataset import FeatureFolder, Utterance
from tts.errors import InputError

THIN = 3  # of so many frames, the mel of one is kept
CREAK_PERCENTILE = 10.0  # of tracked F0: what lies under it is creak, shows no harmonics, and counts as unvoiced
MIN_WORD_FRAMES = 6  # voiced, of a word that counts
MIN_WORD_PHONES = 3  # of a word whose rate counts
MIN_WORDS = 200  # that count
N_PLACES = 40  # of words in a sentence, at most
STRETCH_LIMITS = 0.6, 1.5


@dataclass(frozen=True)
class Frames:
    """Sounding frames of some utterances.

    Attributes:
        semitones: (N,) of F0 from its median; of no meaning where it is unvoiced.
        energy: (N,) dB.
        brightness: (N,) octaves.
        is_voiced: bool (N,); creak is not.
        symbol: int64 (N,).
        word: int64 (N,) counted over all utterances.
        place: int64 (W,) of each word in its sentence, under N_PLACES.
        has_mel: bool (N,) whose mel is kept.
        mel: (M, F) natural log, of these.
    """

    semitones: np.ndarray
    energy: np.ndarray
    brightness: np.ndarray
    is_voiced: np.ndarray
    symbol: np.ndarray
    word: np.ndarray
    place: np.ndarray
    has_mel: np.ndarray
    mel: np.ndarray


@dataclass(frozen=True)
class Phones:
    """Phones of some utterances, pauses left out.

    Attributes:
        symbol: int64 (n,).
        position: int64 (n,) in the word, 0 to 3, as TokenSequence.place.
        log_frames: (n,) natural logarithm of the duration.
        word: int64 (n,) counted over all utterances.
        place: int64 (n,) of the word in its sentence, under N_PLACES.
    """

    symbol: np.ndarray
    position: np.ndarray
    log_frames: np.ndarray
    word: np.ndarray
    place: np.ndarray


def choose_utterances(data: FeatureFolder, most: int, min_tokens: int, seed: int) -> list[int]:
    """Indices of utterances of so many tokens at least, in random order.

    Raises:
        InputError: the features are not aligned, or none is long enough.
    """
    if data[0].durations is None:
        raise InputError(f"{data.folders[0]}: not aligned yet; `tts align` does it")
    chosen: list[int] = []
    for index in np.random.default_rng(seed).permutation(len(data)).tolist():
        if len(chosen) < most and data.read_row(index)["tokens"][1] >= min_tokens:
            chosen.append(index)
    if not chosen:
        raise InputError(f"{data.folders[0]}: no utterance of {min_tokens} tokens; directions are learned from sentences")
    return chosen


def read_frames(data: FeatureFolder, indices: list[int], sample_rate: float) -> Frames:
    """The sounding frames of utterances.

    Raises:
        InputError: nothing is voiced.
    """
    parts: list[list[np.ndarray]] = [[] for _ in range(8)]
    n_words = 0
    for utterance in (data[index] for index in indices):
        words = _words_of(utterance)
        token = _token_of_frames(utterance)
        sounds = np.flatnonzero(~np.isin(utterance.tokens[token, 0], data.symbols.silence_ids))
        token, mel = token[sounds], np.asarray(utterance.mel[sounds], np.float32)
        energy, brightness = measure_mel(mel, sample_rate)
        has_mel = np.arange(len(sounds)) % THIN == 0
        f0, symbol, place = utterance.f0[sounds], utterance.tokens[token, 0].astype(np.int64), _places(int(words.max()) + 1)
        values = f0, energy, brightness, symbol, n_words + words[token], place, has_mel, mel[has_mel]
        for part, value in zip(parts, values, strict=True):
            part.append(value)
        n_words += len(place)
    f0, energy, brightness, symbol, word, place, has_mel, mel = (np.concatenate(part) for part in parts)
    if not (f0 > 0).any():
        raise InputError(f"{data.folders[0]}: no frame is voiced, so there is no pitch to learn from")
    is_voiced = f0 > np.percentile(f0[f0 > 0], CREAK_PERCENTILE)
    semitones = 12 * np.log2(np.maximum(np.abs(f0), 1.0) / np.median(f0[f0 > 0]))
    return Frames(semitones, energy, brightness, is_voiced, symbol, word, place, has_mel, mel)


def read_phones(data: FeatureFolder, indices: list[int]) -> Phones:
    """The phones of utterances."""
    parts: list[list[np.ndarray]] = [[] for _ in range(5)]
    n_words = 0
    for utterance in (data[index] for index in indices):
        tokens, words = utterance.tokens.astype(np.int64), _words_of(utterance)
        assert utterance.durations is not None, "the folder is aligned"
        keep = ~np.isin(tokens[:, 0], data.symbols.silence_ids)
        log_frames = np.log(np.maximum(utterance.durations, 1))
        places = _places(int(words.max()) + 1)
        for part, value in zip(parts, (tokens[:, 0], tokens[:, 2], log_frames, n_words + words, places[words]), strict=True):
            part.append(value[keep])
        n_words += len(places)
    return Phones(*(np.concatenate(part) for part in parts))


def _words_of(utterance: Utterance) -> np.ndarray:
    """The word of each token (S,); a pause has that of the word before it, what comes before all words the first."""
    return np.maximum(np.cumsum(np.isin(utterance.tokens[:, 2], (1, 3))) - 1, 0)


def _token_of_frames(utterance: Utterance) -> np.ndarray:
    """The token of each frame (T,); durations that end early leave the rest to the last."""
    assert utterance.durations is not None, "the folder is aligned"
    token = np.repeat(np.arange(len(utterance.tokens)), utterance.durations)[: len(utterance.mel)]
    return np.pad(token, (0, len(utterance.mel) - len(token)), constant_values=len(utterance.tokens) - 1)


def _places(n_words: int) -> np.ndarray:
    """Places (n_words,) of a sentence's words: pitch falls over a sentence, and its last words are slow and low."""
    forward = np.arange(n_words)
    back = forward[::-1]
    return np.where(back < 3, N_PLACES // 2 + back, np.minimum(forward, 12))


def measure_mel(mel: np.ndarray, sample_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Energy in dB and brightness in octaves, (T,), of natural-log mel frames (T, F) with HTK filters of height 1.

    Energy is the sum of the bands' mean squared magnitude times their width; brightness the logarithm of the magnitude's centre.
    """
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, mel.shape[1] + 2) / 2595) - 1)  # Hz
    magnitude = np.exp(mel)
    energy = 10 * np.log10((magnitude**2 / ((edges[2:] - edges[:-2]) / 2)).sum(1))
    brightness = np.log2((magnitude * edges[1:-1]).sum(1) / magnitude.sum(1))
    return energy, brightness


def measure_words(frames: Frames, values: np.ndarray) -> tuple[np.ndarray, float]:
    """One attribute of all words in its units, (W,), 0 where too few frames tell; and the unit.

    Args:
        frames: of the corpus.
        values: (N,) the attribute.

    Raises:
        InputError: too few words tell.
    """
    kept, symbol, word = values[frames.is_voiced], frames.symbol[frames.is_voiced], frames.word[frames.is_voiced]
    left = kept - group_means(kept, symbol)[symbol]
    counts = np.bincount(word, minlength=len(frames.place))
    tells = counts >= MIN_WORD_FRAMES
    if tells.sum() < MIN_WORDS:
        raise InputError(f"{tells.sum()} words are too few to learn directions from: take features of {MIN_WORDS} or more")
    of_word = np.where(tells, group_means(left, word, n_groups=len(counts)), 0)
    weight = counts[tells].astype(np.float64)
    rest = of_word[tells] - group_means(of_word[tells], frames.place[tells], weight)[frames.place[tells]]
    unit = float(np.sqrt(np.average(rest**2, weights=weight)))
    return of_word / unit, unit


def measure_rate(phones: Phones, n_symbols: int) -> tuple[np.ndarray, float]:
    """How far each symbol's log duration goes with the rate of its word, (V,), 1 on average, 0 for begin and end; and the unit.

    A word's rate is what its phones' log durations have in common, each compared with those of its symbol at its position, and
    the word with words at its place. The unit is the deviation that two halves of a word share; what they do not is no rate.
    """
    kind = phones.symbol * 4 + phones.position
    left = phones.log_frames - group_means(phones.log_frames, kind)[kind]
    left = left - group_means(left, phones.place)[phones.place]
    counts = np.bincount(phones.word)
    half = np.arange(len(left)) % 2
    one, other = (group_means(left, phones.word, half == k, len(counts))[counts >= MIN_WORD_PHONES] for k in (0, 1))
    unit = float(np.sqrt(max(np.cov(one, other)[0, 1], 1e-6)))
    others = (np.bincount(phones.word, left)[phones.word] - left) / np.maximum(counts[phones.word] - 1, 1)
    use = counts[phones.word] >= MIN_WORD_PHONES
    seen = np.bincount(phones.symbol, minlength=n_symbols)
    stretch = _slopes(left[use], others[use], phones.symbol[use], n_symbols)
    stretch = np.clip(stretch / np.average(stretch, weights=seen), *STRETCH_LIMITS)
    stretch = np.where(seen > 0, stretch, 1)
    stretch[[1, 2]] = 0
    return stretch, unit


def _slopes(values: np.ndarray, others: np.ndarray, symbol: np.ndarray, n_symbols: int) -> np.ndarray:
    """Slope of values on others for each symbol, (V,), in terms of the slope of all, towards which few values draw it."""
    product, square = (np.bincount(symbol, x, minlength=n_symbols) for x in (values * others, others**2))
    pooled, prior = product.sum() / square.sum(), 60.0
    slopes: np.ndarray = (product + prior * pooled) / (square + prior) / pooled
    return slopes


def group_means(values: np.ndarray, group: np.ndarray, weight: np.ndarray | None = None, n_groups: int = 0) -> np.ndarray:
    """Mean of the values (n,) of each group, (n_groups or more,); 0 of an empty one."""
    weight = np.ones(len(values)) if weight is None else weight.astype(np.float64)
    total = np.bincount(group, weight, minlength=n_groups)
    means: np.ndarray = np.bincount(group, values * weight, minlength=n_groups) / np.maximum(total, 1e-9)
    return means

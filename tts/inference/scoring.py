"""Likelihood of a recording under a voice: how well it says a text, frame by frame and word by word. No torch.

The aligner says which frames belong to which phone; then the model is led along the recording (its history is what was recorded,
not what it would have said) and gives, for every patch, the density in which the recorded frames have a likelihood. What is
normal for a sound differs from sound to sound, so words are judged by how far they lie from what is normal (normal.py).
Letters: T frames, F mel bands, S tokens, r frames per patch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from tts.inference.alignment import GraphAligner, open_aligner
from tts.inference.engine import TTS
from tts.inference.hearing import Heard, hear
from tts.inference.normal import read_normal
from tts.inference.sampling import SamplingConfig
from tts.text.durations import expand_durations
from tts.text.frontend import Utterance


@dataclass(frozen=True)
class WordScore:
    """How likely a word is.

    Attributes:
        text: the written word.
        start: seconds from the beginning of the recording.
        end: seconds.
        log_prob: nats per frame and mel band.
        z: standard deviations from what is normal for its sounds; None when the voice does not know what is normal.
        is_suspicious: whether it stands out: so far from normal, or from the middle of its recording if that is lower, lies one
            word in 200 of the voice's own.
    """

    text: str
    start: float
    end: float
    log_prob: float
    z: float | None
    is_suspicious: bool = False


@dataclass(frozen=True)
class Judgement:
    """What the model thinks of frames that it was led along.

    Attributes:
        log_prob: (T,) nats per frame, of normalised frames.
        mean: (T, F) natural-log mel that it expected.
        std: (T, F) its standard deviation, natural-log.
    """

    log_prob: np.ndarray
    mean: np.ndarray
    std: np.ndarray


@dataclass(frozen=True)
class Score:
    """A recording, judged.

    Attributes:
        words: in order.
        log_prob: (T,) nats per frame.
        fit: (T,) nats: how well each frame fits its phone and no other of the text, by the aligner.
        mean: (T, F) natural-log mel that the model expected.
        std: (T, F) its standard deviation.
        mel: (T, F) what was recorded, at the voice's level.
        frame_rate: frames per second.
        start: seconds of the recording before the first frame.
        z: standard deviations of the whole from normal; None as in WordScore.
    """

    words: list[WordScore]
    log_prob: np.ndarray
    fit: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    mel: np.ndarray
    frame_rate: float
    start: float
    z: float | None

    @property
    def mean_log_prob(self) -> float:
        """Nats per frame and mel band."""
        return float(self.log_prob.mean()) / self.mel.shape[1]

    @property
    def worst(self) -> WordScore:
        """The least likely word: what best tells a clip with a wrong word from others."""
        return min(self.words, key=lambda word: word.log_prob if word.z is None else word.z)

    @property
    def mean_fit(self) -> float:
        """Of all frames, nats per frame."""
        return float(self.fit.mean())


def score(tts: TTS, audio: np.ndarray, sample_rate: int, text: str, aligner: GraphAligner | None = None) -> Score:
    """Judge how well a recording says a text.

    Args:
        tts: the voice, which has an aligner.
        audio: (N,) mono samples in [-1, 1]; its level is of no matter if the voice knows its own.
        sample_rate: Hz.
        text: what should be said; markup and lexicon count.
        aligner: of the voice, if it is open already.

    Raises:
        InputError: nothing in the text can be spoken, the voice has no aligner, or the audio is silent or too short.
    """
    return score_utterances(tts, audio, sample_rate, read_utterances(tts, text), aligner or open_aligner(tts.voice))


def score_utterances(
    tts: TTS, audio: np.ndarray, sample_rate: int, utterances: Sequence[Utterance], aligner: GraphAligner
) -> Score:
    """Judge how well a recording says utterances, one after the other; see `score`."""
    normal = read_normal(tts.voice)
    level = None if normal is None else np.array(normal.level)
    heard = hear(audio, sample_rate, tts.voice.config.vocoder, tts.mel_mean, level)
    alignment = aligner.align(heard.mel, np.concatenate([tokens_of(utterance) for utterance in utterances]))
    return judge_all(tts, utterances, heard, alignment.durations, alignment.scores)


def score_speech(tts: TTS, text: str, sampling: SamplingConfig, mel: np.ndarray) -> Score:
    """Judge what the voice itself has said; needs no aligner, for the durations are known.

    Args:
        tts: the voice.
        text: that it said.
        sampling: settings with which it did.
        mel: (T, F) of `Speech`, without the pauses between sentences; the words' times are without them too.
    """
    tts = tts if sampling.speaker is None else tts.with_speaker(sampling.speaker)
    utterances = read_utterances(tts, text)
    durations = [tts.time_tokens(utterance, sampling)[1] for utterance in utterances]
    for own in durations:
        own[-1] += -own.sum() % tts.voice.config.acoustic.patch_size  # as expand_durations fills the last patch
    heard = Heard(mel, 0.0, np.ones(mel.shape[1], bool))
    return judge_all(tts, utterances, heard, np.concatenate(durations), np.zeros(len(mel)))


def judge_all(tts: TTS, utterances: Sequence[Utterance], heard: Heard, durations: np.ndarray, fit: np.ndarray) -> Score:
    """Judge frames whose tokens' durations are known.

    Args:
        tts: the voice.
        utterances: that the frames say, one after the other.
        heard: the frames.
        durations: int64 (S,) frames of all tokens; T together.
        fit: (T,) nats per frame, by the aligner.
    """
    normal, config = read_normal(tts.voice), tts.voice.config.vocoder
    frame_rate = config.sample_rate / config.hop_length
    judgement = _judge_each(tts, utterances, heard, durations)
    per_band = judgement.log_prob / heard.mel.shape[1]
    symbols = np.repeat(np.concatenate([utterance.tokens.ids for utterance in utterances]), durations)
    distances = None if normal is None else normal.distances(per_band, symbols)
    words = []
    for text, frames in _word_frames(utterances, durations):
        z = None if normal is None or distances is None else normal.of_word(distances[frames])
        start, end = (heard.start + place / frame_rate for place in (frames.start, frames.stop))
        words.append(WordScore(text, start, end, float(per_band[frames].mean()), z))
    return Score(
        words=words if normal is None else _flag(words, normal.rare_z),
        log_prob=judgement.log_prob,
        fit=fit,
        mean=judgement.mean,
        std=judgement.std,
        mel=heard.mel,
        frame_rate=frame_rate,
        start=heard.start,
        z=None if normal is None or distances is None else normal.of_clip(distances),
    )


def _judge_each(tts: TTS, utterances: Sequence[Utterance], heard: Heard, durations: np.ndarray) -> Judgement:
    """Judge utterance after utterance, each from its own beginning."""
    parts, first, start = [], 0, 0
    for utterance in utterances:
        own = durations[first : first + len(utterance.tokens)]
        stop = start + int(own.sum())
        parts.append(judge(tts, tokens_of(utterance), own, heard.mel[start:stop], heard.known))
        first, start = first + len(own), stop
    return Judgement(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Judgement)))


def _word_frames(utterances: Sequence[Utterance], durations: np.ndarray) -> Iterator[tuple[str, slice]]:
    """Written words with their frames."""
    ends = np.concatenate(([0], np.cumsum(durations)))
    first = 0
    for utterance in utterances:
        for text, tokens in word_spans(utterance):
            yield text, slice(int(ends[first + tokens.start]), int(ends[first + tokens.stop]))
        first += len(utterance.tokens)


def judge(tts: TTS, tokens: np.ndarray, durations: np.ndarray, mel: np.ndarray, known: np.ndarray | None = None) -> Judgement:
    """Lead the model along the frames of one utterance; of several speakers, as the one whom the voice speaks as.

    Args:
        tts: the voice.
        tokens: int64 (S, 3) id, stress, place.
        durations: int64 (S,) frames of each token; T together.
        mel: (T, F) natural-log mel.
        known: bool (F,) bands to look at; in the others the frames are taken to be what was expected. None means all.
    """
    size, n_frames = tts.voice.config.acoustic.patch_size, len(mel)
    memory, _ = tts.backend.encode(tokens, tts.speakers.vector())
    token_index, place = expand_durations(durations, size)
    conditions = tts.backend.condition(memory, token_index, place)
    frames = ((mel - tts.mel_mean) / tts.mel_std).astype(np.float32)
    frames = np.concatenate((frames, np.repeat(frames[-1:], len(token_index) - n_frames, axis=0)))
    state, previous = tts.backend.init_state(), np.zeros_like(frames[:size])
    log_probs, means, stds = [], [], []
    for condition, patch in zip(conditions, frames.reshape(len(conditions), size, -1), strict=True):
        density = tts.backend.step(condition, previous, state)
        means.append(density.mean)
        stds.append(density.std)
        previous = patch if known is None else np.where(known, patch, means[-1])
        log_probs.append(density.log_prob(previous))
    mean = np.concatenate(means)[:n_frames] * tts.mel_std + tts.mel_mean
    return Judgement(np.concatenate(log_probs)[:n_frames], mean, np.concatenate(stds)[:n_frames] * tts.mel_std)


def as_said_by(tts: TTS, speaker: str) -> TTS:
    """A voice as somebody speaks with it, if they are one of its speakers; else as it is."""
    return tts.with_speaker(speaker) if speaker in tts.speakers.vectors else tts


def read_utterances(tts: TTS, text: str) -> list[Utterance]:
    """The utterances of a text.

    Raises:
        InputError: nothing in it can be spoken.
    """
    return [piece for piece in tts.front_end.chunks(text) if isinstance(piece, Utterance)]


def tokens_of(utterance: Utterance) -> np.ndarray:
    """Tokens of an utterance as the model reads them, int64 (S, 3) id, stress, place."""
    return np.stack((utterance.tokens.ids, utterance.tokens.stress, utterance.tokens.place), axis=1)


def word_spans(utterance: Utterance) -> list[tuple[str, slice]]:
    """Written words with their tokens; one that gives several phoneme words has the tokens of all of them."""
    spans: list[tuple[str, slice]] = []
    for index, word in enumerate(utterance.phonemes.words):
        tokens = np.flatnonzero(utterance.tokens.word_index == index)
        text, start, stop = word.text, int(tokens[0]), int(tokens[-1]) + 1
        if not text and spans:
            text, before = spans.pop()
            start = before.start
        spans.append((text, slice(start, stop)))
    return spans


def _flag(words: Sequence[WordScore], rare_z: float) -> list[WordScore]:
    """Mark the words that stand out, in recordings of a stranger from what is usual for the recording."""
    scores = [word.z for word in words if word.z is not None]
    usual = min(0.0, float(np.median(scores)))
    return [replace(word, is_suspicious=word.z is not None and word.z < usual + rare_z) for word in words]

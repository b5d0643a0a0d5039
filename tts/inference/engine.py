"""The engine: text in, chunks of audio out while the rest is still being made; `synthesize` joins what `stream` yields.

Every utterance (a sentence, or a part of a long one) runs through: text encoder, durations, conditions, then patch after patch
of mel frames, each drawn from its density, and in blocks of fixed size through the vocoder and the inverse STFT. Blocks of
fixed size make the samples independent of who asks for them and in which pieces. The end of an utterance is the end of its
durations: nothing is skipped, nothing repeated. Letters: S tokens, T frames, r frames per patch, F mel bands, N samples.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np

from tts.codec.synthesis import SpectrumFrames, SynthesisStream
from tts.errors import InputError
from tts.inference.backend import Backend, load_backend
from tts.inference.delivery import Delivery, draw, f0_factors, lengthen, plan_delivery
from tts.inference.density import Drawing
from tts.inference.mapping import Mapper, open_mapper
from tts.inference.sampling import SamplingConfig
from tts.inference.speakers import open_speakers
from tts.inference.speech import AudioChunk, Speech, WordTiming
from tts.inference.steering import Steering, open_steering, require_steering
from tts.inference.voices import DEFAULT_VOICE, Voice, load_voice
from tts.text.durations import expand_durations, round_durations
from tts.text.frontend import FrontEnd, Pause, Utterance
from tts.text.manner import MANNERS, SIGMA

MIN_F0_HZ, MAX_F0_HZ = 40.0, 812.0  # of a vocoder
FIRST_BLOCK, BLOCK = 16, 32  # mel frames that the vocoder takes at once: few at first, for the ear does not wait


class TTS:
    """A loaded voice; any number of streams may run on it, one after another or interleaved.

    Attributes:
        steering: what it can be steered along; None if the voice has no directions.
        speakers: whom it can speak as.
    """

    def __init__(self, voice: Voice, backend: Backend, lexicon: dict[str, str] | None = None) -> None:
        """Put the parts together; `TTS.load` is the usual way."""
        self.voice, self.backend = voice, backend
        self.mapper: Mapper | None = None
        self.steering = open_steering(voice)
        self.speakers = open_speakers(voice)
        self.front_end = FrontEnd(symbols=voice.symbols, lexicon=lexicon, manners=_manners(self.steering))
        self.mel_mean, self.mel_std = voice.mel_scale()

    @classmethod
    def load(
        cls,
        voice: str | Path = DEFAULT_VOICE,
        *,
        backend: str = "onnx",
        device: str = "cpu",
        n_threads: int = 1,
        lexicon: dict[str, str] | None = None,
    ) -> TTS:
        """Load a voice.

        Args:
            voice: name of a bundled voice, or a voice's folder.
            backend: "onnx", or "torch" (the reference; needs the extra [train]).
            device: of the torch backend.
            n_threads: threads of one operation.
            lexicon: word -> phonemes, above the built-in pronunciations.

        Raises:
            InputError: no such voice, a damaged one, or a missing extra.
        """
        loaded = load_voice(voice)
        return cls(loaded, load_backend(loaded, backend, device, n_threads), lexicon)

    def mapped_to(self, spec: str) -> TTS:
        """The same voice, its draws mapped to a codebook; all else is shared.

        Args:
            spec: `CODEBOOK[:euclidean|cosine][:brute|faiss][:open]`; CODEBOOK is a file of `tts codebook`, or the word `codebook`
                for the voice's own. With `open`, the model hears as its history what it drew and not what it was mapped to.

        Raises:
            InputError: the spec is wrong, there is no such codebook, or it is for other frames than the voice's.
        """
        mapped = copy(self)
        size = self.voice.config.acoustic.patch_size
        mapped.mapper = open_mapper(spec, self.voice.folder, self.mel_mean, self.mel_std, size)
        return mapped

    def steered_by(self, steering: Steering | None) -> TTS:
        """The same voice with other directions, or with none; all else is shared."""
        steered = copy(self)
        steered.steering = steering
        steered.front_end = FrontEnd(self.front_end.phonemizer, self.voice.symbols, manners=_manners(steering))
        return steered

    def with_speaker(self, who: str | Path) -> TTS:
        """The same voice, speaking as another of its speakers unless a request names one; all else is shared.

        Args:
            who: a name; or the path of a recording, of a voice that hears them (needs the extra [speakers]).

        Raises:
            InputError: the voice has no such speaker, or the recording cannot be used.
        """
        chosen = copy(self)
        chosen.speakers = self.speakers.choose(who)
        return chosen

    def check(self, sampling: SamplingConfig) -> None:
        """Refuse settings that the voice cannot follow, before it speaks.

        Raises:
            InputError: directions, and the voice has no steering; top_k or top_p, and it has no codes; a speaker whom it has not.
        """
        self.speakers.vector(sampling.speaker)
        sampling.drawing(self.voice.config)
        if any(sampling.steer.values()):
            require_steering(self.steering, self.voice.config.name)

    @property
    def sample_rate(self) -> int:
        """Of the audio, Hz."""
        return self.voice.config.vocoder.sample_rate

    def synthesize(self, text: str, sampling: SamplingConfig | None = None) -> Speech:
        """Speak a text; see `stream`."""
        sampling = with_seed(sampling)
        unknown: dict[str, int] = {}
        chunks = list(self.stream(text, sampling, unknown))
        return Speech(
            audio=np.concatenate([chunk.audio for chunk in chunks]),
            sample_rate=self.sample_rate,
            words=[word for chunk in chunks for word in chunk.words],
            mel=np.concatenate([chunk.mel for chunk in chunks if len(chunk.mel)]),
            seed=_seed_of(sampling),
            unknown=unknown,
        )

    def stream(
        self, text: str, sampling: SamplingConfig | None = None, unknown: dict[str, int] | None = None
    ) -> Iterator[AudioChunk]:
        """Speak a text piece by piece.

        Args:
            text: any text, with markup (`[pause:0.5]`, `[word](/ipa/)`, `[some words]{pitch=1.5}`).
            sampling: settings of this request; without a seed, one is drawn.
            unknown: if given, characters that are not spoken are counted here.

        Yields:
            Chunks of audio; joined they are what `synthesize` gives for the same seed.

        Raises:
            InputError: nothing in the text can be spoken, its markup is wrong, or the voice cannot be steered as asked.
        """
        sampling = with_seed(sampling)
        self.check(sampling)
        n_samples = index = 0
        gap = 0.0  # seconds of silence owed before the next utterance
        for piece in self.front_end.chunks(text):
            if isinstance(piece, Pause):
                yield self._silence(piece.seconds, n_samples)
                n_samples += self._samples(piece.seconds)
                gap = 0.0
                continue
            if gap:
                yield self._silence(gap, n_samples)
                n_samples += self._samples(gap)
            if unknown is not None:
                for character, count in piece.phonemes.unknown.items():
                    unknown[character] = unknown.get(character, 0) + count
            rng = np.random.default_rng((_seed_of(sampling), index))
            for chunk in self._speak(piece, sampling, rng, n_samples):
                n_samples += len(chunk.audio)
                yield chunk
            index += 1
            gap = sampling.pause * (2 if piece.is_paragraph_end else 1)

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.sample_rate)

    def _silence(self, seconds: float, start: int) -> AudioChunk:
        return AudioChunk(np.zeros(self._samples(seconds), np.float32), self.sample_rate, start / self.sample_rate)

    def _speak(
        self, utterance: Utterance, sampling: SamplingConfig, rng: np.random.Generator, start: int
    ) -> Iterator[AudioChunk]:
        """Speak one utterance that begins at sample `start` of the stream."""
        memory, durations = self.time_tokens(utterance, sampling)
        words = self._timings(utterance, durations, start)
        text = utterance.text
        token_index, place = expand_durations(durations, self.voice.config.acoustic.patch_size)
        delivery = plan_delivery(utterance, sampling)
        frames = None if delivery is None else delivery.expand(token_index)
        vocoder = VocoderStream(self, rng, f0_factors(self.steering, frames))
        conditions = self.backend.condition(memory, token_index, place)
        for block in _blocks(self._patches(conditions, frames, sampling.drawing(self.voice.config), rng)):
            audio = np.clip(vocoder.push(block), -1, 1)
            yield AudioChunk(audio, self.sample_rate, start / self.sample_rate, words, block, text)
            start, words, text = start + len(audio), [], ""
        yield AudioChunk(np.clip(vocoder.finish(), -1, 1), self.sample_rate, start / self.sample_rate)

    def time_tokens(self, utterance: Utterance, sampling: SamplingConfig) -> tuple[np.ndarray, np.ndarray]:
        """Memory (S, D) of an utterance's tokens, and how many frames each is spoken for, int64 (S,)."""
        tokens = np.stack((utterance.tokens.ids, utterance.tokens.stress, utterance.tokens.place), axis=1)
        memory, log_durations = self.backend.encode(tokens, self.speakers.vector(sampling.speaker))
        log_durations = lengthen(self.steering, plan_delivery(utterance, sampling), log_durations)
        return memory, round_durations(log_durations, sampling.speed * self.voice.config.pace)

    def _patches(
        self, conditions: np.ndarray, frames: Delivery | None, drawing: Drawing, rng: np.random.Generator
    ) -> Iterator[np.ndarray]:
        """Patches (r, F) of natural-log mel, one by one."""
        config = self.voice.config.acoustic
        size, state = config.patch_size, self.backend.init_state()
        previous = np.zeros((size, config.n_mels), np.float32)
        for index, condition in enumerate(conditions):
            density = self.backend.step(condition, previous, state)
            if frames is None:
                drawn, offset = density.sample(drawing, rng), None
            else:
                own = frames[index * size : (index + 1) * size]
                drawn, offset = draw(self.steering, density, own, drawing, rng)
            said = drawn if self.mapper is None else self.mapper.map(drawn)[0]
            heard = said if self.mapper is None or self.mapper.is_fed_back else drawn
            previous = heard if offset is None else heard - offset
            yield said * self.mel_std + self.mel_mean

    def _timings(self, utterance: Utterance, durations: np.ndarray, start: int) -> list[WordTiming]:
        """When each written word of an utterance is spoken."""
        hop = self.voice.config.vocoder.hop_length
        ends = np.cumsum(durations)
        begins = ends - durations
        timings: list[WordTiming] = []
        for index, word in enumerate(utterance.phonemes.words):
            tokens = np.flatnonzero(utterance.tokens.word_index == index)
            begin = (start + int(begins[tokens[0]]) * hop) / self.sample_rate
            end = (start + int(ends[tokens[-1]]) * hop) / self.sample_rate
            if not word.text and timings:  # one written word of several phoneme words
                begin, text = timings[-1].start, timings.pop().text
            else:
                text = word.text
            timings.append(WordTiming(text, begin, end))
        return timings


class VocoderStream:
    """Mel frames of one utterance to samples."""

    def __init__(self, tts: TTS, rng: np.random.Generator, f0_factors: np.ndarray | None = None) -> None:
        """Start an utterance.

        Args:
            tts: the voice.
            rng: of the noise.
            f0_factors: (T,) what the F0 of each frame is multiplied by; None leaves it.
        """
        config = tts.voice.config.vocoder
        self.backend, self.lookahead = tts.backend, config.lookahead
        self.state = tts.backend.init_vocoder_state()
        self.synthesis = SynthesisStream(config, rng.spawn(1)[0])
        self.recent: np.ndarray | None = None  # frames that were read ahead of what was given out
        self.n_warm = self.lookahead  # frames that come before the first
        self.f0_factors, self.n_given = f0_factors, 0  # frames to the synthesis

    def push(self, mel: np.ndarray) -> np.ndarray:
        """Take the next frames (T, F); returns the samples that are finished."""
        before = np.repeat(mel[:1], self.lookahead, axis=0) if self.recent is None else self.recent
        joined = np.concatenate((before, mel))
        self.recent = joined[len(mel) :]
        parameters = self.backend.vocode(mel, joined[: len(mel)], self.state)
        ready = min(self.n_warm, len(mel))
        self.n_warm -= ready
        return self.synthesis.push(self._bent(parameters[ready:])) if ready < len(mel) else np.zeros(0, np.float32)

    def _bent(self, frames: SpectrumFrames) -> SpectrumFrames:
        """The next frames with the F0 that is asked for."""
        if self.f0_factors is None:
            return frames
        first, self.n_given = self.n_given, self.n_given + len(frames.f0)
        f0 = np.clip(frames.f0 * self.f0_factors[first : self.n_given], MIN_F0_HZ, MAX_F0_HZ)
        return replace(frames, f0=f0)

    def finish(self) -> np.ndarray:
        """End the utterance, its last frame continued; returns the samples that are left."""
        assert self.recent is not None, "an utterance has at least one patch"
        parts = [self.push(np.repeat(self.recent[-1:], self.lookahead, axis=0))] if self.lookahead else []
        return np.concatenate((*parts, self.synthesis.finish()))


def _blocks(patches: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Join patches into blocks of at least FIRST_BLOCK, then BLOCK frames; the last may be shorter."""
    waiting: list[np.ndarray] = []
    size = FIRST_BLOCK
    for patch in patches:
        waiting.append(patch)
        if sum(map(len, waiting)) >= size:
            yield np.concatenate(waiting)
            waiting, size = [], BLOCK
    if waiting:
        yield np.concatenate(waiting)


def _manners(steering: Steering | None) -> tuple[str, ...]:
    """What markup may set for a voice."""
    return MANNERS if steering is not None else (SIGMA,)


def with_seed(sampling: SamplingConfig | None) -> SamplingConfig:
    """The settings, with a seed drawn if there is none."""
    sampling = sampling or SamplingConfig()
    return sampling if sampling.seed is not None else sampling.model_copy(update={"seed": secrets.randbelow(2**31)})


def _seed_of(sampling: SamplingConfig) -> int:
    if sampling.seed is None:
        raise InputError("these settings have no seed")
    return sampling.seed

"""Say every sentence several times and keep the best: what `--best-of N` does.

All takes have the same durations, so their streams run side by side, chunk for chunk, and the choice is made anew for every
sentence. The first take has the request's own seed, so a best of one is the plain voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tts.errors import InputError
from tts.inference.alignment import open_aligner
from tts.inference.engine import TTS, with_seed
from tts.inference.sampling import SamplingConfig
from tts.inference.scoring import read_utterances, score_utterances
from tts.inference.speech import AudioChunk, Speech
from tts.text.frontend import Utterance

MAX_TAKES = 16


class BestOf(TTS):
    """A voice that says every sentence several times and keeps the take that is the likeliest when it hears it."""

    def __init__(self, tts: TTS, n_takes: int) -> None:
        """Take a voice.

        Args:
            tts: the voice; it must have an aligner.
            n_takes: how often a sentence is said.

        Raises:
            InputError: the voice has no aligner, or n_takes is out of range.
        """
        if not 1 <= n_takes <= MAX_TAKES:
            raise InputError(f"best of {n_takes}: out of range; take 1 to {MAX_TAKES}")
        vars(self).update(vars(tts))
        self.n_takes, self.aligner = n_takes, open_aligner(tts.voice)

    def stream(
        self, text: str, sampling: SamplingConfig | None = None, unknown: dict[str, int] | None = None
    ) -> Iterator[AudioChunk]:
        """Speak a text piece by piece, as `TTS.stream`; a sentence leaves when all its takes are made."""
        sampling = with_seed(sampling)
        seeds = [derive_seed(sampling, take) for take in range(self.n_takes)]
        counts = [unknown, *({} for _ in seeds[1:])]
        ear = self if sampling.speaker is None else self.with_speaker(sampling.speaker)
        takes = [
            super(BestOf, self).stream(text, sampling.model_copy(update={"seed": seed}), count)
            for seed, count in zip(seeds, counts, strict=True)
        ]
        utterances = iter(read_utterances(self, text))
        held: list[tuple[AudioChunk, ...]] = []
        for chunks in zip(*takes, strict=True):
            if chunks[0].words and any(row[0].words for row in held):
                yield from self._choose(ear, held, next(utterances))
                held = []
            held.append(chunks)
        yield from self._choose(ear, held, next(utterances))

    def _choose(self, ear: TTS, rows: Sequence[tuple[AudioChunk, ...]], utterance: Utterance) -> list[AudioChunk]:
        """The chunks of the take of one utterance that is best to an ear, and the silence around it."""
        takes = list(zip(*rows, strict=True))
        if len(takes) == 1:
            return list(takes[0])
        ranks = []
        for take in takes:
            audio = np.concatenate([chunk.audio for chunk in take])
            ranks.append(score_utterances(ear, audio, self.sample_rate, [utterance], self.aligner).mean_log_prob)
        return list(takes[int(np.argmax(ranks))])


def best_of(tts: TTS, text: str, sampling: SamplingConfig | None = None, n_takes: int = 4) -> Speech:
    """Speak a text, every sentence the best of several takes; see `BestOf`."""
    return BestOf(tts, n_takes).synthesize(text, sampling)


def derive_seed(sampling: SamplingConfig, take: int) -> int:
    """Seed of a take; the first has that of the request."""
    assert sampling.seed is not None, "with_seed gives one"
    return sampling.seed if take == 0 else int(np.random.default_rng((sampling.seed, take)).integers(2**63))

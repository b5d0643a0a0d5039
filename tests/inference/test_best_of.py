"""The best of several takes."""

from types import SimpleNamespace

import numpy as np
import pytest

from tts import TTS, InputError, SamplingConfig
from tts.inference.best_of import BestOf, best_of, derive_seed

TEXT = "Hello there, world. [pause:0.2] This is the second sentence.\n\nOne."
SEVEN = SamplingConfig(seed=7)


def test_the_best_of_one_is_the_plain_voice(hearing_tts):
    plain, best = hearing_tts.synthesize(TEXT, SEVEN), best_of(hearing_tts, TEXT, SEVEN, 1)
    assert np.array_equal(plain.audio, best.audio) and plain.words == best.words


def test_every_sentence_is_that_of_one_of_the_takes(hearing_tts):
    best = best_of(hearing_tts, TEXT, SEVEN, 4)
    seeds = [derive_seed(SEVEN, take) for take in range(4)]
    takes = [hearing_tts.synthesize(TEXT, SamplingConfig(seed=seed)) for seed in seeds]
    assert len(set(seeds)) == 4 and best.words == takes[0].words and best.seed == 7
    ends = [word.end for word in best.words if word.text in ("world", "sentence", "One")]
    starts = [word.start for word in best.words if word.text in ("Hello", "This", "One")]
    picked = []
    for start, end in zip(starts, ends, strict=True):
        own = slice(round(start * best.sample_rate), round(end * best.sample_rate))
        picked.append([np.array_equal(best.audio[own], take.audio[own]) for take in takes].index(True))
    assert len(picked) == 3


def test_the_take_is_the_one_that_ranks_first(hearing_tts, monkeypatch):
    ranks = iter([0.1, 0.3, 0.2])
    monkeypatch.setattr("tts.inference.best_of.score_utterances", lambda *_: SimpleNamespace(mean_log_prob=next(ranks)))
    best = best_of(hearing_tts, "One.", SEVEN, 3)
    second = hearing_tts.synthesize("One.", SamplingConfig(seed=derive_seed(SEVEN, 1)))
    assert np.array_equal(best.audio, second.audio)


def test_unknown_characters_are_counted_once(hearing_tts):
    assert (
        best_of(hearing_tts, "Hello \x01 there.", SEVEN, 3).unknown == hearing_tts.synthesize("Hello \x01 there.", SEVEN).unknown
    )


def test_what_cannot_be_done_is_refused(hearing_tts, tiny_voice, shared_g2p):
    with pytest.raises(InputError, match="best of 0"):
        BestOf(hearing_tts, 0)
    with pytest.raises(InputError, match="has no aligner"):
        BestOf(TTS.load(tiny_voice), 2)

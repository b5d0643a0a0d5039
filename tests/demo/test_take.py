"""Takes: what is spoken, what is noted, and how audio is cut for a stream."""

import numpy as np
import pytest
from demo_texts import TEXT

from tts import InputError, SamplingConfig
from tts.audio.io import to_pcm16
from tts.demo.take import join_pieces, prepare


def test_a_take_is_what_the_engine_synthesizes(tts, speak):
    take, speech = speak(), tts.synthesize(TEXT, SamplingConfig(seed=1))
    assert np.array_equal(take.pcm[1], to_pcm16(speech.audio)) and take.pcm[1].dtype == np.int16
    assert take.seconds == pytest.approx(speech.seconds)
    assert [word for line in take.lines for word in line.words] == speech.words
    assert np.array_equal(np.concatenate([line.mel for line in take.lines]), speech.mel)


def test_times_are_measured_in_the_engine_alone(speak):
    take = speak()
    assert 0 < take.first_audio_seconds < take.compute_seconds
    assert take.rtf == pytest.approx(take.compute_seconds / take.seconds)


def test_what_is_not_spoken_is_counted(speak):
    assert speak("Hello \x01world.").unknown == {"\x01": 1}


def test_a_drawn_seed_is_kept_and_gives_the_same_again(tts, speak):
    first = speak(seed=None)
    assert np.array_equal(speak(seed=first.sampling.seed).waveform, first.waveform)


@pytest.mark.parametrize("sizes", [[100], [7, 30_000, 1, 24_000, 5], [24_000, 24_000], [10_000] * 9])
def test_pieces_are_a_second_long_and_join_to_the_whole(sizes):
    chunks = [np.linspace(-1, 1, size, dtype=np.float32) for size in sizes]
    pieces = list(join_pieces(iter(chunks), 24_000))
    assert all(len(piece) == 24_000 for piece in pieces[:-1]) and 0 < len(pieces[-1]) <= 24_000
    assert np.array_equal(np.concatenate(pieces), to_pcm16(np.concatenate(chunks)))


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        (" \n", {}, "write a sentence"),
        ("a" * 5001, {}, "cut the text to 5,000"),
        ("Hello.", {"speed": 9}, "speed = 9"),
        ("Hello.", {"temperature": float("nan")}, "temperature = nan"),
        ("Hello.", {"seed": -1}, "seed = -1"),
        ("Hello.", {"pause": 11}, "pause = 11"),
    ],
)
def test_a_wrong_wish_is_named(tts, text, settings, said):
    with pytest.raises(InputError, match=said):
        prepare(tts, "tiny", text, 5000, **settings)

"""Where speech begins and ends."""

import math

import numpy as np

from tts.audio.silence import KEPT_AFTER, KEPT_BEFORE, find_speech, is_silent

FLOOR = math.log(1e-5)


def mel_with_speech(before: int, speech: int, after: int) -> np.ndarray:
    return np.concatenate([np.full((n, 4), level, np.float32) for n, level in ((before, FLOOR), (speech, 0.0), (after, FLOOR))])


def test_speech_keeps_a_margin_of_silence():
    assert find_speech(mel_with_speech(40, 20, 50)) == slice(40 - KEPT_BEFORE, 60 + KEPT_AFTER)


def test_a_recording_without_silence_is_kept_whole():
    assert find_speech(mel_with_speech(0, 20, 0)) == slice(0, 20)
    assert find_speech(mel_with_speech(3, 20, 2)) == slice(0, 25)


def test_a_pause_within_speech_is_silent_but_kept():
    mel = np.concatenate((mel_with_speech(20, 5, 5), mel_with_speech(0, 5, 20)))
    assert is_silent(mel).tolist() == [True] * 20 + [False] * 5 + [True] * 5 + [False] * 5 + [True] * 20
    assert find_speech(mel) == slice(14, 45)


def test_silence_is_relative_to_the_loudest_frame():
    mel = mel_with_speech(10, 10, 10)
    assert (is_silent(mel - 3) == is_silent(mel)).all()
    assert not is_silent(np.full((5, 4), FLOOR)).any()

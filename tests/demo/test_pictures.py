"""Pictures: the frames that are compared, and that something is drawn."""

import numpy as np
import pytest

from tts.demo import pictures
from tts.demo.analysis import analyse, track_pitch


def frame_rate(take):
    return take.sample_rate / 256


def test_a_take_matches_itself_frame_by_frame(speak):
    take = speak()
    assert np.array_equal(pictures.match_frames(take, take, frame_rate(take)), np.arange(len(pictures.join_mels(take))))


def test_frames_of_another_speed_are_matched_word_by_word(speak):
    slow, quick = speak(speed=0.7), speak(speed=1.5)
    rate = frame_rate(slow)
    places = pictures.match_frames(slow, quick, rate)
    assert np.all(np.diff(places) >= 0) and places[-1] < len(pictures.join_mels(quick))
    for a, b in zip(slow.lines[0].words, quick.lines[0].words, strict=True):
        middle = places[int((a.start + a.end) / 2 * rate)] / rate
        assert b.start - 1 / rate <= middle <= b.end + 1 / rate, a.text


def test_takes_of_other_words_are_matched_as_wholes(speak):
    a, b = speak("Hello there."), speak("One two three four.")
    places = pictures.match_frames(a, b, frame_rate(a))
    assert places[0] == 0 and places[-1] >= len(pictures.join_mels(b)) - 4


@pytest.mark.parametrize("text", ["Hello there.", "It cost $4.75."])
def test_every_picture_shows_something(tts, speak, text):
    take = speak(text)
    analysis = analyse(tts, take, 0)
    drawn = [
        pictures.draw_mel(analysis),
        pictures.draw_alignment(analysis),
        pictures.draw_pitch(analysis, track_pitch(tts, analysis.mel)),
        pictures.draw_difference(take, speak(text, temperature=1.0), ["a", "b"], analysis.frame_rate),
    ]
    for image in drawn:
        assert image.dtype == np.uint8 and image.shape[2] == 4
        assert 0 < (image[..., 3] > 0).mean() < 1, "the ground is transparent, the ink is not"

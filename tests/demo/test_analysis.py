"""What lies behind a line agrees with what was spoken."""

import dataclasses

import numpy as np
import pytest

from tts.demo.analysis import analyse, read_utterances, track_pitch


@pytest.mark.parametrize(("speed", "pace"), [(0.7, 1.0), (1.0, 0.8), (1.6, 1.0)])
def test_durations_are_those_that_were_spoken(tts, speak, speed, pace, monkeypatch):
    config = tts.voice.config.model_copy(update={"pace": pace})
    monkeypatch.setattr(tts, "voice", dataclasses.replace(tts.voice, config=config))
    take = speak(speed=speed)
    for index, utterance in enumerate(read_utterances(tts, take.text)):
        analysis = analyse(tts, take, index)
        ends = np.cumsum(analysis.durations) / analysis.frame_rate
        for number, (_, start, end) in enumerate(analysis.words[:2]):
            tokens = np.flatnonzero(utterance.tokens.word_index == number)
            assert end == pytest.approx(ends[tokens[-1]]) and start == pytest.approx(ends[tokens[0] - 1])
        assert 0 <= len(analysis.mel) - analysis.durations.sum() < 4
        assert len(analysis.symbols) == len(analysis.durations)


def test_a_stress_mark_stands_before_its_phone(tts, speak):
    symbols = analyse(tts, speak("Hello."), 0).symbols
    assert symbols == ["⊢", "h", "ə", "l", "ˈO", ".", "⊣"]


def test_pitch_is_that_of_the_vocoder_where_harmonics_sound(tts, speak):
    mel = speak("Hello.").lines[0].mel
    f0 = track_pitch(tts, mel)
    assert f0.shape == (len(mel),)
    assert np.all(np.isnan(f0) | (f0 > 0))

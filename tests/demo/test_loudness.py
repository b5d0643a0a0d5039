"""Loudness: against the standard's own tone, and the laws of matching."""

import numpy as np
import pytest

from tts.demo.loudness import PEAK, TARGET_LUFS, match, measure

RATE = 24_000


def tone(level_db, seconds=2.0, frequency=997.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_a_tone_of_997_hz_reads_as_the_standard_says():
    assert measure(tone(-20), RATE) == pytest.approx(-23.0, abs=0.1)  # BS.1770: 0 dB full scale in one channel is -3.01 LUFS


def test_all_come_to_the_target():
    matched, gains = match([tone(-40), tone(-12), tone(-23, 0.2)], RATE)
    assert [measure(audio, RATE) for audio in matched] == pytest.approx([TARGET_LUFS] * 3, abs=0.1)
    assert gains[0] > 0 > gains[1]


def test_what_would_clip_lowers_all_alike():
    clicks = np.zeros(2 * RATE, np.float32)
    clicks[::2400] = 0.5
    matched, _ = match([clicks, tone(-30)], RATE)
    assert max(np.abs(audio).max() for audio in matched) <= PEAK + 1e-6
    assert measure(matched[0], RATE) == pytest.approx(measure(matched[1], RATE), abs=0.1)
    assert measure(matched[0], RATE) < TARGET_LUFS - 1


def test_silence_stays_silence():
    matched, gains = match([np.zeros(RATE, np.float32), tone(-30)], RATE)
    assert not matched[0].any() and np.isfinite(gains).all()

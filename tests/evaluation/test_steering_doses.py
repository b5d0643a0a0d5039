"""Attributes of speech, calibration by them, dose and response."""

import numpy as np
import pytest
from toy_steering import UNITS, toy_directions

from tts import TTS
from tts.evaluation.steering import MEASURED_DOSES, Dose, _measure_gains, _say, calibrate, measure_sound, summarize_doses
from tts.inference.steering import Steering
from tts.text.manner import DIRECTIONS

TEXTS = ["Hello there, world.", "One more is said."]


@pytest.fixture(scope="module")
def tts(tiny_voice, shared_g2p):
    return TTS.load(tiny_voice)


def tone(hertz, amplitude=0.1):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(24_000) / 24_000)).astype(np.float32)


def test_sound_is_measured_in_decibels_octaves_and_samples():
    energy, brightness, n_active = measure_sound(tone(1000))
    louder, _, _ = measure_sound(tone(1000, 0.2))
    _, higher, _ = measure_sound(tone(2000))
    _, _, padded = measure_sound(np.concatenate((np.zeros(24_000, np.float32), tone(1000), np.zeros(12_000, np.float32))))
    assert louder - energy == pytest.approx(6.02, abs=0.01) and higher - brightness == pytest.approx(1, abs=0.05)
    assert n_active == pytest.approx(24_000, abs=600) and padded == pytest.approx(24_000, abs=1100)


def test_a_calibrated_voice_does_what_is_asked_and_no_more(tts):
    plain = [_say(tts, text, seed) for seed, text in enumerate(TEXTS)]
    raw = toy_directions()
    made = calibrate(tts, raw, TEXTS)
    assert made.facts.n_calibrated == 2 and made.f0_missing[list(made.f0_doses).index(0)] == 0
    errors = [np.abs(_measure_gains(tts.steered_by(Steering(d)), plain, TEXTS) - np.eye(3)).max() for d in (raw, made)]
    assert errors[1] < 0.5 * errors[0]


def test_responses_rank_doses_and_attributes():
    rng = np.random.default_rng(0)
    doses = []
    for text in range(3):
        for dose in MEASURED_DOSES:
            attributes = np.array([100 + 1.5 * dose, -20 + rng.normal(), 10 + rng.normal(), -0.2 * dose + 5 * text])
            doses += [Dose(name, dose, text, attributes) for name in DIRECTIONS]
    pitch, _, brightness, rate = summarize_doses(doses, UNITS)
    assert (pitch.spearman_pooled, pitch.spearman_text, pitch.spearman_mean) == pytest.approx((1, 1, 1))
    np.testing.assert_allclose([row[0] for row in pitch.changes], MEASURED_DOSES)
    assert (rate.spearman_text, rate.spearman_mean) == pytest.approx((-1, -1)) and -0.6 < rate.spearman_pooled < 0
    assert abs(brightness.spearman_pooled) < 0.9

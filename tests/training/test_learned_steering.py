"""Directions learned from a speaker whose prosody is known."""

import numpy as np
import pytest
from toy_steering import bumps, write_prosody

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.inference.steering import Steering
from tts.training.prosody import measure_mel
from tts.training.steering import LearnSettings, learn_directions

SETTINGS = LearnSettings(n_utterances=54, min_tokens=10)
MEAN, STD = np.full(20, -4.0), np.full(20, 1.5)


@pytest.fixture(scope="module")
def prosody(tmp_path_factory):
    return write_prosody(tmp_path_factory.mktemp("prosody") / "features")


@pytest.fixture(scope="module")
def learned(prosody):
    return learn_directions(prosody, MEAN, STD, SETTINGS)


def test_units_are_what_the_words_do(learned):
    units = learned.facts.units
    assert units["pitch"] == pytest.approx(1.3, abs=0.4), "2 semitones, less what counts as creak"
    assert units["energy"] == pytest.approx(20 * np.log10(np.e) / 3, abs=0.6)
    assert units["rate"] == pytest.approx(0.2, abs=0.05)
    assert learned.facts.n_utterances == 54


def test_one_unit_of_energy_lifts_all_bands_alike(learned):
    np.testing.assert_allclose(learned.voiced[0], 1 / 3 / 1.5, atol=0.08)


def test_pauses_are_not_steered_and_sounds_stretch_alike(learned, prosody):
    symbols = FeatureFolder(prosody, "train").symbols
    assert (learned.voiced_share[symbols.silence_ids] == -1).all() and learned.stretch[1] == learned.stretch[2] == 0
    seen = learned.voiced_share > 0
    assert seen.sum() == 5 and (learned.voiced_share[seen] > 0.8).all()
    np.testing.assert_allclose(learned.stretch[seen], 1, atol=0.25)


def test_a_frame_is_moved_to_where_its_speaker_would_have_its_pitch(learned):
    steering = Steering(learned)
    symbol = int(np.flatnonzero(learned.voiced_share > 0)[0])
    frames = ((bumps(np.full(3, 8.0)) - 4 - MEAN) / STD).astype(np.float32)  # the median pitch
    doses = np.tile([[2.0, 0, 0, 0]], (3, 1)) / learned.facts.units["pitch"]
    added = steering.offset(frames, np.full(3, symbol), doses)
    assert (added.argmax(1) == 10).all() and (added.argmin(1) == 8).all(), "two semitones are two bands here"


def test_the_same_seed_gives_the_same_directions(prosody, learned):
    again = learn_directions(prosody, MEAN, STD, SETTINGS)
    np.testing.assert_array_equal(again.templates, learned.templates)
    np.testing.assert_array_equal(again.level_weights, learned.level_weights)
    other = learn_directions(prosody, MEAN, STD, LearnSettings(n_utterances=30, min_tokens=10, seed=1))
    assert other.facts.units != learned.facts.units


def test_energy_and_brightness_are_those_of_the_spectrum():
    mel = np.random.default_rng(0).normal(-4, 1, (5, 100))
    energy, brightness = measure_mel(mel, 24_000)
    louder, same = measure_mel(mel + np.log(2), 24_000)
    np.testing.assert_allclose(louder - energy, 20 * np.log10(2))
    np.testing.assert_allclose(same, brightness)
    low, high = (np.where(np.arange(100) == band, 0.0, -30.0)[None] for band in (49, 99))
    assert 1.5 < float((measure_mel(high, 24_000)[1] - measure_mel(low, 24_000)[1])[0]) < 3


def test_what_cannot_be_learned_from_is_refused(prosody, features, tmp_path):
    with pytest.raises(InputError, match="no utterance of 99 tokens"):
        learn_directions(prosody, MEAN, STD, LearnSettings(min_tokens=99))
    with pytest.raises(InputError, match="words are too few"):
        learn_directions(features, MEAN, STD, LearnSettings(min_tokens=2))
    with pytest.raises(InputError, match="not those that the voice was trained on"):
        learn_directions(prosody, np.full(20, 3.0), STD, SETTINGS)
    few = write_prosody(tmp_path / "few", 2, 3)
    (few / "durations.npy").unlink()
    with pytest.raises(InputError, match="not aligned yet"):
        learn_directions(few, MEAN, STD, SETTINGS)

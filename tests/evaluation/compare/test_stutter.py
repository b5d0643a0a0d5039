import numpy as np
import pytest

from tts.evaluation.compare.diversity import measure_diversity, track_f0_fast
from tts.evaluation.compare.stutter import count_word_repeats, find_runs, find_stutter

RATE = 93.75


@pytest.fixture
def mel():
    """Two seconds of frames that change as those of speech do, with silence at both ends."""
    rng = np.random.default_rng(0)
    frames = rng.normal(scale=0.6, size=(200, 100)) - 2
    frames[:10] = frames[-10:] = -11.5
    return frames.astype(np.float32)


def test_speech_that_moves_does_not_stutter(mel):
    found = find_stutter(mel, RATE)
    assert (found.n_runs, found.seconds) == (0, 0)
    assert found.speech_seconds == pytest.approx(180 / RATE)


def test_silence_is_no_stutter():
    mel = np.full((100, 100), -11.5, np.float32)
    mel[40:60] = np.random.default_rng(1).normal(size=(20, 100))
    assert find_stutter(mel, RATE).n_runs == 0


@pytest.mark.parametrize(("n_frames", "n_runs"), [(6, 0), (7, 1), (20, 1)])
def test_a_frame_that_stands_still_for_sixty_milliseconds_counts(mel, n_frames, n_runs):
    mel[50 : 50 + n_frames] = mel[50]  # n_frames - 1 of them repeat the one before
    found = find_stutter(mel, RATE)
    assert found.n_runs == n_runs
    assert found.seconds == pytest.approx(n_runs * (n_frames - 1) / RATE)


def test_a_patch_said_again_and_again_counts_once(mel):
    mel[80:96] = np.tile(mel[80:84], (4, 1))
    found = find_stutter(mel, RATE)
    assert found.n_runs == 1
    assert found.seconds == pytest.approx(12 / RATE)


def test_two_stretches_are_two_runs(mel):
    mel[30:45], mel[120:140] = mel[30], mel[120]
    assert find_stutter(mel, RATE).n_runs == 2


def test_a_little_noise_does_not_hide_a_frozen_stretch(mel):
    mel[50:70] = mel[50] + np.random.default_rng(2).normal(scale=0.05, size=(20, 100))
    assert find_stutter(mel, RATE).n_runs == 1


def test_runs_are_found_at_the_ends_too():
    assert find_runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert find_runs(np.zeros(3, bool)) == []


@pytest.mark.parametrize(
    ("reference", "heard", "count"),
    [("the cat sat", "the cat cat sat", 1), ("that that is", "that that is", 0), ("so so", "so", 0), ("a b", "a a a b", 2)],
)
def test_words_said_twice_are_counted_less_those_written_twice(reference, heard, count):
    assert count_word_repeats(reference, heard) == count


def test_the_same_reading_twice_has_no_diversity(mel):
    f0 = np.full(200, 150.0)
    found = measure_diversity([mel, mel.copy()], [f0, f0])
    assert (found.mel_distance, found.f0_spread) == (0, 0)


def test_an_octave_between_two_readings_is_twelve_semitones_apart(mel):
    found = measure_diversity([mel, mel + 1], [np.full(200, 100.0), np.full(200, 200.0)])
    assert found.mel_distance == pytest.approx(1, rel=1e-5)
    assert found.f0_spread == pytest.approx(12 / np.sqrt(2))


def test_readings_of_different_length_or_without_voice_are_not_compared(mel):
    f0 = np.zeros(200)
    assert measure_diversity([mel], [f0]) is None
    assert measure_diversity([mel, mel[:-1]], [f0, f0[:-1]]) is None
    assert measure_diversity([mel, mel], [f0, f0]).f0_spread is None


def test_the_fast_tracker_finds_a_tone_and_no_pitch_in_noise():
    time = np.arange(24_000) / 24_000
    tone = sum(np.cos(2 * np.pi * 170 * k * time) / k for k in range(1, 8)).astype(np.float32)
    f0 = track_f0_fast(tone, 24_000, 256, 93)
    assert (np.abs(f0[5:-5] / 170 - 1) < 0.02).mean() > 0.95
    noise = np.random.default_rng(0).normal(size=24_000).astype(np.float32)
    assert (track_f0_fast(noise, 24_000, 256, 93) > 0).mean() < 0.3

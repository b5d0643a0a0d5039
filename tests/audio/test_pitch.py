"""F0 of a tone, and the form in which training reads it."""

import numpy as np

from tts.audio.pitch import fill_unvoiced, track_f0


def test_the_tracker_finds_the_pitch_of_a_tone():
    time = np.arange(9_600) / 24_000
    tone = sum(np.cos(2 * np.pi * 180 * k * time) / k for k in range(1, 9)).astype(np.float32)
    f0 = track_f0(0.1 * tone, 24_000, 256)
    assert f0.shape == (38,) and f0.dtype == np.float32
    assert (f0[4:-4] > 0).all()
    np.testing.assert_allclose(f0[4:-4], 180, rtol=0.02)


def test_the_tracker_finds_no_pitch_in_silence():
    assert not track_f0(np.zeros(4_800, np.float32), 24_000, 256).any()


def test_unvoiced_frames_are_filled_on_a_log_scale_and_negative():
    f0 = np.array([0, 100, 0, 400, 0], np.float32)
    np.testing.assert_allclose(fill_unvoiced(f0), [-100, 100, -200, 400, -400], rtol=1e-6)


def test_a_clip_without_voice_has_one_value():
    np.testing.assert_array_equal(fill_unvoiced(np.zeros(3)), np.full(3, -100, np.float32))

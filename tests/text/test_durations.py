"""From log durations to whole frames, and from these to frames."""

import numpy as np
import pytest

from tts.text.durations import MAX_TOKEN_FRAMES, N_PLACE, expand_durations, round_durations


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_rounding_loses_no_time(seed, speed):
    exact = np.random.default_rng(seed).uniform(3, 40, 30)
    durations = round_durations(np.log(exact).astype(np.float32), speed)
    assert durations.dtype == np.int64
    np.testing.assert_allclose(durations.cumsum(), (exact / speed).cumsum(), atol=0.51)


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_every_token_lasts_at_least_a_frame_and_not_for_ever(speed):
    durations = round_durations(np.array([-20, -1, 3, 50, np.inf, 2], np.float32), speed)
    assert durations.min() >= 1
    assert durations.max() <= MAX_TOKEN_FRAMES / speed


@pytest.mark.parametrize("durations", [[1], [4], [1, 1, 1, 1, 1], [3, 7, 2], [5, 8, 3]])
@pytest.mark.parametrize("patch_size", [1, 2, 4])
def test_frames_repeat_their_tokens_and_fill_whole_patches(durations, patch_size):
    given = np.array(durations)
    index, place = expand_durations(given, patch_size)
    total = -(-sum(durations) // patch_size) * patch_size
    assert len(index) == len(place) == total
    assert index[: sum(durations)].tolist() == np.repeat(np.arange(len(durations)), durations).tolist()
    assert (index[sum(durations) :] == len(durations) - 1).all()
    assert given.tolist() == durations, "the caller's durations are left alone"


def test_place_says_how_much_of_a_token_is_gone_and_left():
    _, place = expand_durations(np.array([1, 3]), 4)
    assert place.shape == (4, N_PLACE) and place.dtype == np.float32
    np.testing.assert_allclose(place[:, 0], [0.5, 1 / 6, 3 / 6, 5 / 6], rtol=1e-6)
    np.testing.assert_allclose(np.exp(place[:, 1:] * 3).round() - [1, 1, 0], [[0, 0, 1], [0, 2, 3], [1, 1, 3], [2, 0, 3]])


def test_a_token_has_the_same_place_wherever_it_stands():
    _, first = expand_durations(np.array([5, 3, 8]), 4)
    _, second = expand_durations(np.array([8, 5, 3]), 4)
    np.testing.assert_array_equal(first[:5], second[8:13])

"""The draw of batches: a function of seed and step, every utterance once an epoch, never too large."""

import numpy as np
import pytest

from tts.data.sampler import LengthSampler

LENGTHS = np.random.default_rng(0).integers(20, 400, 57)


def epoch_of(sampler: LengthSampler, first: int) -> tuple[list[np.ndarray], int]:
    batches, step = [], first
    while sum(map(len, batches)) < len(LENGTHS):
        batches.append(sampler.batch(step))
        step += 1
    return batches, step


def test_every_utterance_comes_once_an_epoch():
    sampler, step = LengthSampler(LENGTHS, 1_000), 0
    for _ in range(3):
        batches, step = epoch_of(sampler, step)
        assert sorted(np.concatenate(batches)) == list(range(len(LENGTHS)))


@pytest.mark.parametrize("max_frames", [1_000, 3_000])
def test_no_batch_is_larger_than_allowed(max_frames):
    for batch in LengthSampler(LENGTHS, max_frames).epoch_batches(0):
        assert LENGTHS[batch].max() * len(batch) <= max_frames


def test_an_utterance_that_is_too_long_is_a_batch_of_its_own():
    batches = LengthSampler(np.array([10, 500, 20]), 100).epoch_batches(0)
    assert sorted(sorted(batch.tolist()) for batch in batches) == [[0, 2], [1]]


def test_the_draw_is_a_function_of_seed_and_step():
    ahead, back = LengthSampler(LENGTHS, 1_000, seed=3), LengthSampler(LENGTHS, 1_000, seed=3)
    forward = [ahead.batch(step).tolist() for step in range(40)]
    assert [back.batch(step).tolist() for step in reversed(range(40))] == forward[::-1]
    assert LengthSampler(LENGTHS, 1_000, seed=3).batch(39).tolist() == forward[39]
    assert [LengthSampler(LENGTHS, 1_000, seed=4).batch(step).tolist() for step in range(40)] != forward


def test_epochs_differ():
    sampler = LengthSampler(LENGTHS, 1_000)
    assert [b.tolist() for b in sampler.epoch_batches(0)] != [b.tolist() for b in sampler.epoch_batches(1)]


def test_batches_hold_utterances_of_similar_length():
    batches = LengthSampler(LENGTHS, 2_000).epoch_batches(0)
    padded = sum(LENGTHS[batch].max() * len(batch) for batch in batches)
    assert LENGTHS.sum() > 0.8 * padded

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


@pytest.mark.parametrize("world_size", [2, 3])
def test_the_shares_of_all_ranks_are_the_batch_of_one_process(world_size):
    alone = LengthSampler(LENGTHS, 1_000, seed=3)
    ranks = [LengthSampler(LENGTHS, 1_000, seed=3, rank=rank, world_size=world_size) for rank in range(world_size)]
    for step in range(60):
        shares = [sampler.batch(step) for sampler in ranks]
        assert all(len(share) for share in shares)
        assert set(np.concatenate(shares)) == set(alone.batch(step))
        assert all(sampler.shape(step) == (len(alone.batch(step)), LENGTHS[alone.batch(step)].max()) for sampler in ranks)
        if len(alone.batch(step)) >= world_size:
            assert sorted(np.concatenate(shares)) == sorted(alone.batch(step))


MANY = np.random.default_rng(1).integers(20, 400, 1_000)


def buffered(seed: int = 0) -> LengthSampler:
    return LengthSampler(MANY, 2_000, seed, buffer=200)


def test_a_corpus_larger_than_the_buffer_still_comes_whole_once_an_epoch():
    for epoch in range(3):
        batches = buffered().epoch_batches(epoch)
        assert sorted(np.concatenate(batches)) == list(range(len(MANY)))
        assert all(MANY[batch].max() * len(batch) <= 2_000 for batch in batches)


def test_a_buffer_holds_runs_of_neighbours_from_many_places_in_another_order_each_epoch():
    first = np.concatenate(buffered().epoch_batches(0))[:200]
    assert len({index // 25 for index in first}) == 8 and first.max() - first.min() > 400
    other = np.concatenate(buffered().epoch_batches(1))[:200]
    assert set(first) != set(other)


def test_the_draw_from_a_buffer_is_a_function_of_seed_and_step():
    sampler = buffered()
    forward = [sampler.batch(step).tolist() for step in range(400)]
    assert buffered().batch(399).tolist() == forward[399]
    assert sampler.batch(17).tolist() == forward[17] and sampler.batch(250).tolist() == forward[250]
    assert buffered(seed=1).batch(0).tolist() != forward[0]

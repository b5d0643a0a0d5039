"""Shares of a batch, and a batch in parts; several processes are tested in tests/slow."""

import pytest
import torch
from toy_recipes import ENCODER

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.training.distributed import Rows, World, current_world, join_world
from tts.training.recipes import build_task
from tts.training.vocoder import SegmentSampler, VocoderTaskConfig

STILL = {"dropout": 0.0, "prenet_dropout": 0.0, "encoder": ENCODER | {"dropout": 0.0}}


@pytest.mark.parametrize(("size", "n_parts"), [(1, 1), (3, 1), (1, 4), (2, 3)])
def test_the_parts_of_all_processes_are_the_whole_batch(size, n_parts):
    whole = torch.arange(11)
    parts = [Rows(11, 1, rank, size).part(index, n_parts) for rank in range(size) for index in range(n_parts)]
    assert sorted(torch.cat([rows.cut(whole) for rows in parts]).tolist()) == whole.tolist()
    assert all(rows.are_real for rows in parts) and [rows.are_all for rows in parts] == [size * n_parts == 1] * len(parts)


def test_a_process_without_a_row_works_on_the_first_for_nothing():
    rows = Rows(2, 1, 3, 4)
    assert not rows.are_real and rows.cut(torch.tensor([7, 8])).tolist() == [7]


def test_a_process_alone_has_all_and_says_all(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join_world("cpu") == "cpu" and current_world() == World(0, 1)
    part, before = torch.tensor(3.0, requires_grad=True), torch.get_rng_state()
    assert World().whole(part) is part and not World().total(part).requires_grad
    World().seed(1, 2)
    assert torch.equal(torch.get_rng_state(), before), "the stream of draws is not disturbed"
    assert World().in_order([part], 1) == [part]
    assert World().is_agreed(True) and not World().is_agreed(False)


def test_an_environment_that_names_half_a_world_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(InputError, match=r"RANK is not set.*torchrun"):
        join_world("cpu")


@pytest.mark.parametrize("history", [0.0, 0.4])
def test_a_batch_in_parts_takes_the_step_of_a_whole_one(make_recipe, history):
    task_settings = {"bf16": False, "own_samples_start": None, "history_noise": history, "batch_frames": 600}
    rows = []
    for n_parts in (1, 3):
        recipe = make_recipe("acoustic", f"run{n_parts}", task=task_settings | {"accumulate": n_parts}, model=STILL)
        task = build_task(recipe, "cpu")
        rows.append([task.train_step(task.batch(step)) for step in range(3)])
        rows[-1].append({"generator": task.generator.get_state().sum()} | task.model.state_dict())
    for one, other in zip(*rows, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-4)


def test_the_crops_of_all_processes_are_those_of_one(features):
    sampler = SegmentSampler(FeatureFolder(features, "train"), VocoderTaskConfig(segment_frames=20, batch_size=6), 64, 3)
    whole = sampler.batch(0, 5)
    parts = [sampler.batch(0, 5, World(rank, 3)) for rank in range(3)]
    for name in whole:
        assert torch.equal(torch.stack([part[name] for part in parts], dim=1).flatten(0, 1), whole[name])

"""Thirty kills, ten of them inside the write of a checkpoint: every one resumes, none loses more than one save interval, and the
end is the same."""

import random

import pytest
from shared_runs import make_features, read_log
from toy_recipes import recipe_values
from toy_runs import KilledRuns, assert_equal, run

from tts.checkpoint import load_checkpoint
from tts.training.recipes import RECIPES, Recipe

N_RANDOM, N_SAVING = 20, 10
STEPS = 4_000
WIDE = 20_000  # hidden units, so that a checkpoint has 10 MB and a write can be hit


@pytest.fixture
def recipe_of(tmp_path):
    """A function of a run's name and its steps."""
    features = make_features(tmp_path)

    def make(name: str, steps: int) -> Recipe:
        sections = {"task": {"steps": steps}, "train": {"validate_every": 10_000, "picture_every": 10_000}}
        # one learning rate from the first step on: then a shorter run is the beginning of a longer one
        sections |= {"optim": {"warmup_steps": 0, "lr": 1e-3, "lr_end": 1e-3}, "model": {"hidden": WIDE}}
        return RECIPES["acoustic"].model_validate(recipe_values("acoustic", features, tmp_path / name, **sections))

    return make


@pytest.mark.slow
def test_thirty_kills_lose_one_save_interval_each_at_most(recipe_of):
    rng = random.Random(0)
    recipe, saved, n_half_written = recipe_of("killed", STEPS), 0, 0
    kills = [False] * N_RANDOM + [True] * N_SAVING
    rng.shuffle(kills)
    with KilledRuns() as runs:
        for is_saving in kills:
            step, seconds = saved + rng.randint(2, 10), rng.uniform(0, 0.05)  # a step more than saved may be logged before
            for _ in range(20):  # a kill that comes after the write is one at a random time
                logged = runs.kill("acoustic", recipe, step, seconds, is_saving=is_saving)
                is_half_written = any(recipe.out.glob(".checkpoint.pt.*.part"))
                assert logged < STEPS, "the run ended before it was killed"
                found = load_checkpoint(recipe.out / "checkpoint.pt")["step"]
                assert saved <= found and logged - 1 <= found <= logged
                saved, step, seconds = found, found + 2, rng.uniform(0, 0.005)
                if is_half_written or not is_saving:
                    break
            assert is_half_written or not is_saving, "no kill came inside a write"
            n_half_written += is_half_written
    assert n_half_written >= N_SAVING
    whole = recipe_of("whole", saved + 10)
    run(whole)
    run(recipe_of("killed", saved + 10))
    assert_equal(load_checkpoint(whole.out / "checkpoint.pt"), load_checkpoint(recipe.out / "checkpoint.pt"))
    assert read_log(whole.out) == read_log(recipe.out)
    print(f"{len(kills)} kills, {n_half_written} of them inside a write, in {saved} steps")  # noqa: T201

"""Twenty kills at random times: every one resumes, none loses more than one save interval, and the end is the same."""

import random

import pytest
from toy_corpus import make_corpus
from toy_recipes import MEL, recipe_values
from toy_runs import KilledRuns, assert_equal, run

from tts.checkpoint import load_checkpoint
from tts.data.prepare import prepare
from tts.training.recipes import RECIPES, Recipe

N_KILLS = 20
STEPS = 4_000


@pytest.fixture
def recipe_of(tmp_path):
    """A function of a run's name and its steps."""
    for _ in prepare(make_corpus(tmp_path / "corpus", hop_length=MEL.hop_length), tmp_path / "features", mel_config=MEL):
        pass

    def make(name: str, steps: int) -> Recipe:
        sections = {"task": {"steps": steps}, "train": {"validate_every": 10_000, "picture_every": 10_000}}
        # one learning rate from the first step on: then a shorter run is the beginning of a longer one
        sections |= {"optim": {"warmup_steps": 0, "lr": 1e-3, "lr_end": 1e-3}}
        return RECIPES["aligner"].model_validate(recipe_values("aligner", tmp_path / "features", tmp_path / name, **sections))

    return make


@pytest.mark.slow
def test_twenty_kills_lose_one_save_interval_each_at_most(recipe_of):
    rng = random.Random(0)
    recipe, saved = recipe_of("killed", STEPS), 0
    with KilledRuns() as runs:
        for _ in range(N_KILLS):
            logged = runs.kill("aligner", recipe, saved + rng.randint(1, 20), rng.uniform(0, 0.05))
            assert logged < STEPS, "the run ended before it was killed"
            step = load_checkpoint(recipe.out / "checkpoint.pt")["step"]
            assert saved < step and logged - 1 <= step <= logged
            saved = step
    whole = recipe_of("whole", saved + 10)
    run(whole)
    run(recipe_of("killed", saved + 10))
    assert_equal(load_checkpoint(whole.out / "checkpoint.pt"), load_checkpoint(recipe.out / "checkpoint.pt"))

"""A features folder of tones with durations, and small recipes of all kinds on it."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from toy_corpus import make_corpus
from toy_recipes import MEL, recipe_values

from tts.data.dataset import read_rows
from tts.data.prepare import prepare
from tts.training.recipes import RECIPES, Recipe

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def features(tmp_path_factory) -> Path:
    """Features of a dozen clips; every utterance's frames are split evenly among its tokens."""
    folder = tmp_path_factory.mktemp("toy")
    for _ in prepare(make_corpus(folder / "corpus", hop_length=MEL.hop_length), folder / "features", mel_config=MEL):
        pass
    durations = []
    for row in read_rows(folder / "features" / "index.jsonl"):
        borders = np.linspace(0, row["mel"][1], row["tokens"][1] + 1).round()
        durations.append(np.diff(borders))
    np.save(folder / "features" / "durations.npy", np.concatenate(durations).astype(np.int16))
    return folder / "features"


@pytest.fixture
def make_recipe(features, tmp_path) -> Callable[..., Recipe]:
    """A function of kind, name of the run's folder, and settings that replace the usual ones."""

    def make(kind: str, name: str = "run", **sections) -> Recipe:
        return RECIPES[kind].model_validate(recipe_values(kind, features, tmp_path / name, **sections))

    return make

"""Recipes: strict, round trip through JSON, and one clear line when something is wrong."""

import tomllib

import pytest
from toy_recipes import recipe_values

from tts.config import read_toml, validate
from tts.errors import InputError
from tts.training.recipes import RECIPES, AcousticRecipe, VocoderRecipe

TOML = """
features = "features"
out = "run"
[task]
steps = 50
[optim]
lr = 5e-4
"""


def recipe_file(tmp_path, text: str = TOML):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


def test_a_recipe_holds_only_differences_from_the_defaults(tmp_path):
    recipe = read_toml(recipe_file(tmp_path), VocoderRecipe)
    assert (recipe.task.steps, recipe.optim.lr) == (50, 5e-4)
    assert recipe.model == VocoderRecipe(features="a", out="b").model


def test_overrides_replace_the_files_settings(tmp_path):
    settings = ["task.steps = 7", "out=elsewhere", "train.seed=3", "task.bf16=false", "optim.lr=1e-2"]
    recipe = read_toml(recipe_file(tmp_path), VocoderRecipe, settings)
    assert (recipe.task.steps, str(recipe.out), recipe.train.seed) == (7, "elsewhere", 3)
    assert (recipe.task.bf16, recipe.optim.lr) == (False, 0.01)


@pytest.mark.parametrize("kind", list(RECIPES))
def test_a_resolved_recipe_comes_back_from_json(kind, tmp_path):
    recipe = RECIPES[kind].model_validate(recipe_values(kind, tmp_path, tmp_path / "run"))
    assert RECIPES[kind].model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("task.stepz=5", r"recipe.toml: task.stepz = 5: extra inputs are not permitted"),
        ("task.steps=0", r"task.steps = 0: input should be greater than 0"),
        ("task.steps=many", r"task.steps = 'many': input should be a valid integer"),
        ("model.width=-1", r"model.width = -1"),
        ("train.seed=[1]", r"train.seed = \[1\]"),
        ("task", r"--set task: write section.key=value"),
        ("=5", r"--set =5: write section.key=value"),
        ("out.name=5", r"--set out.name=5: out is no section"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(tmp_path, setting, message):
    with pytest.raises(InputError, match=message) as caught:
        read_toml(recipe_file(tmp_path), VocoderRecipe, [setting])
    assert "\n" not in str(caught.value)


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        read_toml(tmp_path / "none.toml", VocoderRecipe)
    with pytest.raises(InputError, match=r"recipe\.toml: no valid TOML"):
        read_toml(recipe_file(tmp_path, "a = = 1"), VocoderRecipe)
    with pytest.raises(InputError, match=r"out = .*: field required"):
        read_toml(recipe_file(tmp_path, "features = 'f'"), VocoderRecipe)
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="no valid TOML"):
        read_toml(tmp_path / "binary.toml", VocoderRecipe)


def test_a_number_with_an_exponent_is_a_number():
    assert validate(AcousticRecipe, tomllib.loads(TOML), "test").optim.lr == 0.0005

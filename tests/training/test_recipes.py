"""From a recipe to a task, and from a run's folder back to its model."""

import pytest
import torch
from toy_runs import run

from tts.checkpoint import load_checkpoint
from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.text.symbols import DEFAULT_SYMBOLS
from tts.training.recipes import RECIPES, build_task, load_model, read_run

KINDS = ["aligner", "vocoder", "quantizer", "acoustic"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_gives_its_averaged_weights_back(kind, make_recipe):
    recipe = make_recipe(kind)
    run(recipe)
    model = load_model(kind, recipe.out)
    average = load_checkpoint(recipe.out / "checkpoint.pt")["task"]["updater"]["average"]
    assert not model.training
    assert all(torch.equal(value, average[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_the_resolved_recipe_lies_in_the_runs_folder(kind, make_recipe):
    recipe = make_recipe(kind)
    task = build_task(recipe, "cpu")
    resolved = RECIPES[kind].model_validate_json((recipe.out / "config.json").read_text())
    assert resolved.model == task.model.config and resolved.task == recipe.task


def test_the_inventory_comes_from_the_features(make_recipe):
    assert build_task(make_recipe("acoustic"), "cpu").model.config.encoder.n_symbols == len(DEFAULT_SYMBOLS)
    assert build_task(make_recipe("aligner"), "cpu").model.config.n_symbols == len(DEFAULT_SYMBOLS)


def test_the_acoustic_model_knows_the_scale_of_the_mel(make_recipe):
    task = build_task(make_recipe("acoustic"), "cpu")
    frames = torch.cat([torch.from_numpy(task.train[i].mel.astype("float32")) for i in range(len(task.train))])
    normal = task.model.normalize(frames)
    torch.testing.assert_close(normal.mean(0), torch.zeros(20), rtol=0, atol=1e-3)
    torch.testing.assert_close(normal.std(0), torch.ones(20), rtol=0.01, atol=0)


def test_the_first_weights_hang_on_the_seed_alone(make_recipe):
    first, again, other = (build_task(make_recipe("aligner", train={"seed": seed}), "cpu") for seed in (1, 1, 2))
    assert torch.equal(first.model.embedding.weight, again.model.embedding.weight)
    assert not torch.equal(first.model.embedding.weight, other.model.embedding.weight)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_can_begin_with_the_weights_of_another(kind, make_recipe):
    first = make_recipe(kind, "first")
    run(first)
    second = make_recipe(kind, "second").model_copy(update={"start": first.out})
    task = build_task(second, "cpu")
    average = read_run(first.out)
    for name, value in task.model.state_dict().items():
        assert torch.equal(value, average[name]) and torch.equal(task.updater.average[name], value)
    assert task.updater.steps == 0
    if kind == "vocoder":
        kept = load_checkpoint(first.out / "checkpoint.pt")["task"]["critic"]["module"]
        assert all(torch.equal(value, kept[name]) for name, value in task.discriminators.state_dict().items())


def test_what_is_no_run_is_refused(make_recipe, tmp_path):
    with pytest.raises(InputError, match=r"no config.json here"):
        load_model("acoustic", tmp_path)
    with pytest.raises(InputError, match="no checkpoint here"):
        read_run(tmp_path)
    recipe = make_recipe("aligner")
    build_task(recipe, "cpu")
    with pytest.raises(InputError, match=r"config.json: model"):
        load_model("vocoder", recipe.out)
    (recipe.out / "config.json").write_text("{")
    with pytest.raises(InputError, match="no readable JSON"):
        load_model("aligner", recipe.out)


def test_features_that_are_missing_are_refused(make_recipe, tmp_path):
    recipe = make_recipe("acoustic").model_copy(update={"features": tmp_path / "none"})
    with pytest.raises(InputError, match="no complete features here"):
        build_task(recipe, "cpu")


def test_the_default_model_fits_a_bundled_voice():
    parameters = sum(parameter.numel() for parameter in AcousticModel().parameters())
    assert parameters * 2 < 30e6, "float16 weights of the acoustic model, bytes"

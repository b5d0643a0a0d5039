"""What a training begins with: weights of runs and voices, the settings that come with them, and parts that stay as they are."""

from dataclasses import replace

import pytest
import torch
from toy_runs import run

from tts.config import merge
from tts.errors import InputError
from tts.text.symbols import DEFAULT_SYMBOLS, SymbolTable
from tts.training.recipes import build_task
from tts.training.start import Start, freeze


@pytest.fixture
def make_start(make_recipe):
    """A function of a kind that gives random weights of the toy model as a start."""

    def make(kind: str) -> Start:
        model = build_task(make_recipe(kind, "first", train={"seed": 7}), "cpu").model
        weights = {name: value + 0.01 for name, value in model.state_dict().items()}
        return Start("first", model.config.model_dump(), weights)

    return make


def plain(make_recipe, kind: str, **model):
    """A recipe that says nothing of the model but what is given."""
    recipe = make_recipe(kind, "second")
    return type(recipe).model_validate(recipe.model_dump(exclude={"model"}) | {"model": model})


@pytest.mark.parametrize("kind", ["acoustic", "vocoder"])
def test_the_model_is_that_of_the_start_but_for_what_the_recipe_names(kind, make_recipe, make_start):
    start = make_start(kind)
    named = {"encoder": {"dropout": 0.25}, "dropout": 0.5} if kind == "acoustic" else {}
    task = build_task(plain(make_recipe, kind, **named), "cpu", start)
    assert task.model.config.model_dump() == merge(start.model, named)
    assert all(torch.equal(value, start.weights[name]) for name, value in task.model.state_dict().items())


def test_frames_are_normalised_as_those_of_the_start(make_recipe, make_start):
    start = make_start("acoustic")
    weights = start.weights | {"mel_mean": torch.full((20,), -3.0), "mel_std": torch.full((20,), 2.0)}
    task = build_task(plain(make_recipe, "acoustic"), "cpu", replace(start, weights=weights))
    task.train_step(task.batch(0))
    assert (task.model.mel_mean == -3).all() and (task.model.mel_std == 2).all()


def test_weights_of_another_model_are_refused_in_one_line(make_recipe, make_start):
    start = make_start("acoustic")
    with pytest.raises(InputError, match=r"first: .* is \(.*\) there and \(.*\) in the recipe's model"):
        build_task(plain(make_recipe, "acoustic", hidden=48), "cpu", start)
    with pytest.raises(InputError, match="not known in the recipe's model"):
        build_task(plain(make_recipe, "acoustic", conditioner_blocks=0), "cpu", start)


def test_symbols_of_another_voice_are_refused(make_recipe, make_start):
    start = make_start("acoustic")
    other = SymbolTable(DEFAULT_SYMBOLS.symbols[:-1])
    with pytest.raises(InputError, match="its symbols are not those of the features"):
        build_task(plain(make_recipe, "acoustic"), "cpu", replace(start, symbols=other))


@pytest.mark.parametrize(
    ("patterns", "stay"),
    [
        (("encoder",), lambda name: name.startswith("encoder.")),
        (
            ("backbone.blocks.0.*", "head.*.bias"),
            lambda name: name.startswith("backbone.blocks.0.") or (name.endswith("bias") and name.startswith("head.")),
        ),
        ((), lambda name: False),
    ],
)
def test_what_is_frozen_stays_and_all_else_moves(patterns, stay, make_recipe):
    recipe = make_recipe("acoustic").model_copy(update={"freeze": patterns})
    task = build_task(recipe, "cpu")
    before = {name: value.clone() for name, value in task.model.named_parameters()}
    for step in range(2):
        task.train_step(task.batch(step))
    for name, value in task.model.named_parameters():
        assert torch.equal(value, before[name]) == stay(name), name
        assert torch.equal(task.updater.average[name], before[name]) == stay(name), name


def test_a_frozen_run_goes_on_where_it_was(make_recipe):
    recipe = make_recipe("acoustic").model_copy(update={"freeze": ("encoder",)})
    run(recipe, 3)
    assert run(recipe)[-1]["step"] == 6


def test_a_pattern_that_names_nothing_is_refused(make_recipe):
    with pytest.raises(InputError, match="nothing is called 'encodre'; the model has encoder, durations"):
        build_task(make_recipe("acoustic").model_copy(update={"freeze": ("encodre",)}), "cpu")
    with pytest.raises(InputError, match="nothing is left to train"):
        freeze(torch.nn.Linear(2, 2), ("*",))

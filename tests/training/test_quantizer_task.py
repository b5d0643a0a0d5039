"""Training of a quantiser on tones: what is logged, and that it learns."""

import math

import numpy as np
import pytest
import torch
from toy_runs import run

from tts.errors import InputError
from tts.models.quantizer import Quantizer
from tts.training.codebooks import FitSettings, fit_codebook
from tts.training.quantizer import count_codes, measure_usage
from tts.training.recipes import build_task, load_model, load_quantizer, read_run


@pytest.mark.parametrize("kind", [{"kind": "vq", "n_levels": 1}, {"kind": "rvq"}, {"kind": "fsq"}])
def test_the_loss_falls_and_every_level_is_watched(make_recipe, kind):
    task = build_task(make_recipe("quantizer", model=kind, task={"steps": 60, "batch_frames": 800}, optim={"lr": 3e-3}), "cpu")
    rows = [task.train_step(task.batch(step)) for step in range(60)]
    losses = [float(row["loss"]) for row in rows]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])
    levels = range(1, task.model.n_levels + 1)
    assert {f"{name}_{level}" for name in ("usage", "perplexity") for level in levels} <= rows[-1].keys()
    valid = task.validate()
    assert valid["code_perplexity"] == min(valid[f"perplexity_{level}"] for level in levels)
    assert valid["loss_l1"] < losses[0]


def test_usage_and_perplexity_are_those_of_the_counts():
    figures = measure_usage(count_codes(torch.tensor([[[0, 1], [1, 1], [0, 1], [3, 1]]]), 8))
    assert figures["usage_1"] == 3 / 8 and figures["usage_2"] == 1 / 8
    entropy = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    assert float(figures["perplexity_1"]) == pytest.approx(math.exp(entropy))
    assert float(figures["perplexity_2"]) == pytest.approx(1.0)


def test_what_replaces_dead_codes_is_a_function_of_seed_and_step(make_recipe):
    entries = []
    for disturbance in (1, 2):
        task = build_task(make_recipe("quantizer", model={"dead_below": 50.0}), "cpu")
        torch.manual_seed(disturbance)
        task.train_step(task.batch(0))
        entries.append(task.model.codes.vq.layers[0]._codebook.embed)
    assert torch.equal(*entries)


def test_a_run_started_from_another_goes_on_from_its_codebooks(make_recipe):
    first = make_recipe("quantizer", "first")
    run(first)
    kept = read_run(first.out)
    second = make_recipe("quantizer", "second", optim={"lr": 1e-9}).model_copy(update={"start": first.out})
    task = build_task(second, "cpu")
    task.train_step(task.batch(0))
    name = "codes.vq.layers.0._codebook.embed"
    moved = (task.model.state_dict()[name] - kept[name]).norm() / kept[name].norm()
    assert moved < 0.5, "a step moves the entries a little; it does not begin anew"


def test_a_head_of_codes_gets_a_quantizer_that_stays_as_it_is(make_recipe):
    recipe = make_recipe("quantizer", "quantizer")
    run(recipe)
    quantizer = load_model("quantizer", recipe.out)
    acoustic = make_recipe("acoustic", model={"head": {"kind": "codes", "hidden": 16}}, task={"mean_weight": 0.0, "loss": "nll"})
    acoustic = acoustic.model_copy(update={"quantizer": recipe.out})
    run(acoustic)
    model = load_model("acoustic", acoustic.out)
    assert model.config.quantizer == quantizer.config
    assert torch.equal(model.mel_mean, quantizer.mel_mean) and torch.equal(model.mel_std, quantizer.mel_std)
    kept = model.head.quantizer.state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in quantizer.state_dict().items())


def test_a_codebook_is_a_quantizer_too(make_recipe, features, tmp_path):
    from tts.models.codebook import write_codebook

    made = fit_codebook(features, FitSettings(8, "frame"))
    write_codebook(tmp_path / "book.safetensors", made)
    quantizer = load_quantizer(tmp_path / "book.safetensors", patch_size=2)
    assert isinstance(quantizer, Quantizer) and quantizer.n_levels == 2 and not quantizer.training


@pytest.mark.parametrize(
    ("kind", "model", "said"),
    [
        ("quantizer", {"kind": "kmeans", "n_levels": 1}, "tts codebook"),
        ("quantizer", {"n_mels": 7}, r"model.n_mels = 7, but the features have 20 bands"),
        ("acoustic", {"head": {"kind": "codes"}}, "needs a quantizer"),
    ],
)
def test_what_cannot_be_trained_is_refused(make_recipe, kind, model, said):
    with pytest.raises(InputError, match=said):
        make_recipe(kind, model=model).build("cpu")

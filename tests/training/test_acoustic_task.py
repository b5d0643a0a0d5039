"""Training of the acoustic model: batches, the corrupted history, gradients, one batch learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_quantizer import ToyQuantizer

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.training.acoustic import AcousticTask
from tts.training.alarms import find_alarms
from tts.training.batches import collate, encode_batch, shift
from tts.training.recipes import build_task
from tts.training.signs import speak

EXACT = {"bf16": False, "own_samples_start": None}


def test_a_batch_lines_up_tokens_frames_and_patches(features):
    data = FeatureFolder(features, "train")
    utterances = [data[0], data[1], data[2]]
    batch = collate(utterances, 4)
    n_frames = [-(-len(utterance.mel) // 4) * 4 for utterance in utterances]
    assert batch["patch_lengths"].tolist() == [n // 4 for n in n_frames]
    assert batch["mel"].shape == (3, max(n_frames), 20) and batch["place"].shape == (3, max(n_frames), 4)
    for row, utterance in enumerate(utterances):
        n_tokens, length = len(utterance.tokens), len(utterance.mel)
        counts = torch.bincount(batch["token_index"][row, : n_frames[row]], minlength=n_tokens)
        expected = torch.from_numpy(utterance.durations.astype(np.int64))
        expected[-1] += n_frames[row] - length
        assert torch.equal(counts, expected)
        np.testing.assert_array_equal(batch["mel"][row, :length], utterance.mel.astype(np.float32))
        assert (batch["mel"][row, length : n_frames[row]] == batch["mel"][row, length - 1]).all()


def test_features_without_durations_are_refused(features):
    data = FeatureFolder(features, "train")
    with pytest.raises(InputError, match="tts align"):
        collate([replace(data[0], durations=None)], 4)


def test_shift_gives_the_patch_before():
    frames = torch.arange(1.0, 13).view(1, 6, 2)
    assert shift(frames, 2).tolist() == [[[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]]]


def make_task(make_recipe, head: str, **settings) -> AcousticTask:
    """A task with some kind of head, far from its start; codes come of a quantiser with random codebooks."""
    recipe = make_recipe("acoustic", model={"head": {"hidden": 16, "kind": head}}, task=EXACT | settings)
    if head != "codes":
        task = build_task(recipe, "cpu")
    else:
        train, valid = (FeatureFolder(recipe.features, split) for split in ("train", "valid"))
        encoder = recipe.model.encoder.model_copy(update={"n_symbols": len(train.symbols)})
        model = AcousticModel(recipe.model.model_copy(update={"encoder": encoder}), ToyQuantizer(20, 2))
        task = AcousticTask(model, train, valid, recipe.task, recipe.optim)
    for parameter in task.model.head.parameters():
        if parameter.requires_grad and parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.1)
    return task


OF_CODES = {"loss": "nll", "mean_weight": 0.0}


@pytest.mark.parametrize(
    ("head", "settings"),
    [
        ("gaussian", {"kl_weight": 0.1, "flux_weight": 0.1}),
        ("low_rank", {}),
        ("mixture", {}),
        ("codes", OF_CODES),
        ("regression", {"loss": "mse"}),
    ],
)
def test_a_batch_has_the_losses_of_its_rows(make_recipe, head, settings):
    task = make_task(make_recipe, head, **settings)
    task.model.eval()
    utterances = [task.train[0], task.train[1]]
    both = task.losses(collate(utterances, 2), is_training=False)
    rows = [task.losses(collate([utterance], 2), is_training=False) for utterance in utterances]
    n_frames = torch.tensor([-(-len(utterance.mel) // 2) * 2.0 for utterance in utterances])
    n_tokens = torch.tensor([float(len(utterance.tokens)) for utterance in utterances])
    assert {f"loss_{name.removesuffix('_weight')}" for name in settings if settings[name] == 0.1} <= both.keys()
    for name, value in both.items():
        if name in ("component_entropy", "code_perplexity"):  # of the mean of all
            continue
        weights = n_tokens if name == "loss_duration" else n_frames
        expected = (torch.stack([row[name] for row in rows]) * weights).sum() / weights.sum()
        torch.testing.assert_close(value, expected, rtol=1e-3, atol=1e-4)


def test_the_history_is_corrupted_in_training_only(make_recipe):
    task = build_task(make_recipe("acoustic", task=EXACT | {"history_noise": 0.4, "history_drop": 0.5}), "cpu")
    frames = torch.randn(4, 40, 20, generator=torch.Generator().manual_seed(0))
    history = task._history(frames, torch.zeros(4, 20, 16))
    dropped = (history.view(4, 20, 2, 20) == 0).all(-1).all(-1)
    assert 0.3 < dropped.float().mean() < 0.7
    noise = (history - frames).view(4, 20, 40)
    assert max(noise[row][~dropped[row]].std() for row in range(4)) < 0.45
    batch = task.batch(0)
    task.model.eval()
    first, second = (task.losses(batch, is_training=False)["nll"] for _ in range(2))
    assert torch.equal(first, second)


def test_own_samples_replace_some_patches_from_their_step_on(make_recipe):
    quiet = {"history_noise": 0.0, "history_drop": 0.0, "own_samples_start": 1, "own_samples_share": 1.0, "bf16": False}
    task = build_task(make_recipe("acoustic", task=quiet), "cpu")
    frames, conditions = torch.full((4, 40, 20), 9.0), torch.zeros(4, 20, 16)
    assert torch.equal(task._history(frames, conditions), frames)
    task.updater.steps = 1
    patches = task._history(frames, conditions).view(4, 20, 40)
    own = (patches != 9).all(-1)
    assert torch.equal(own, (patches != 9).any(-1)), "patches are replaced whole"
    assert 0.1 < own.float().mean() < 0.9
    assert patches[own].std() < 1, "draws at half the deviation, not the recording"


@pytest.mark.parametrize(
    ("head", "settings"), [("gaussian", {}), ("low_rank", {}), ("experts", {"balance_weight": 0.1}), ("codes", OF_CODES)]
)
@pytest.mark.parametrize("bf16", [False, True])
def test_the_gradient_reaches_every_parameter_while_own_samples_are_drawn(make_recipe, head, settings, bf16):
    task = make_task(make_recipe, head, **settings | {"bf16": bf16, "own_samples_start": 0})
    torch.nn.init.normal_(task.model.durations.out.weight, std=0.1)
    losses = task.losses(task.batch(0), is_training=True)
    sum(value for name, value in losses.items() if name.startswith("loss_")).backward()
    silent = [name for name, p in task.model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert silent == []


@pytest.mark.parametrize(
    ("head", "settings"),
    [
        ("gaussian", {"loss": "energy", "mean_weight": 0.0}),
        ("full", {"loss": "nll", "kl_weight": 0.1, "flux_weight": 0.1}),
        ("mixture", {"loss": "nll"}),
        ("experts", {"balance_weight": 0.1}),
        ("regression", {"loss": "mse", "mean_weight": 0.0}),
        ("codes", OF_CODES),
    ],
)
def test_every_loss_falls_while_it_is_trained(make_recipe, head, settings):
    quiet = {"steps": 20, "history_noise": 0.0, "history_drop": 0.0}
    task = make_task(make_recipe, head, **quiet, **settings)
    batch = task.batch(0)
    rows = [task.train_step(batch) for _ in range(20)]
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.05 and rows[-1]["loss_frame"] < rows[0]["loss_frame"]
    assert task.updater.skipped == 0


def test_the_total_is_the_weighted_sum_of_the_losses(make_recipe):
    weights = {"mean_weight": 0.7, "duration_weight": 0.2, "kl_weight": 0.3, "flux_weight": 0.4}
    task = make_task(make_recipe, "gaussian", **weights)
    row = task.train_step(task.batch(0))
    expected = row["loss_frame"] + sum(weight * row[f"loss_{name.removesuffix('_weight')}"] for name, weight in weights.items())
    torch.testing.assert_close(row["loss"], expected)


def test_usage_of_components_is_reported(make_recipe):
    task = make_task(make_recipe, "mixture")
    row = task.validate()
    assert sum(row[f"usage_{k}"] for k in range(4)) == pytest.approx(1, abs=1e-5)
    assert 0 <= row["choice_entropy"] <= row["component_entropy"] <= np.log(4) + 1e-6


def test_a_loss_that_the_head_cannot_do_is_refused_when_the_task_is_built(make_recipe):
    with pytest.raises(InputError, match=r"task.loss = 'energy'.*'mixture'"):
        make_task(make_recipe, "mixture", loss="energy")


def test_validation_reads_utterances_of_all_lengths(make_recipe, monkeypatch):
    task = build_task(make_recipe("acoustic"), "cpu")
    monkeypatch.setattr("tts.training.acoustic.N_VALID", 2)
    task.valid = task.train
    read = []
    monkeypatch.setattr(task, "_collate", lambda rows: read.extend(len(u.mel) for u in rows) or collate(rows, 2))
    task.validate()
    assert read[:2] == [min(task.train.n_frames), max(task.train.n_frames)]


def test_one_batch_is_learned_in_fifty_steps(make_recipe):
    settings = {"steps": 50, "history_noise": 0.0, "history_drop": 0.0} | EXACT
    recipe = make_recipe("acoustic", task=settings, optim={"lr": 1e-2}, model={"prenet_dropout": 0.0, "dropout": 0.0})
    task = build_task(recipe, "cpu")
    batch = task.batch(0)
    losses = [task.train_step(batch) for _ in range(50)]
    first, last = losses[0], losses[-1]
    assert last["nll"] < first["nll"] - 0.7
    assert last["loss_mean"] < 0.6 * first["loss_mean"]
    assert last["loss_duration"] < 0.5 * first["loss_duration"]


def test_validation_uses_the_averaged_weights_and_changes_nothing(make_recipe):
    task = build_task(make_recipe("acoustic"), "cpu")
    task.train_step(task.batch(0))
    weights = {name: value.clone() for name, value in task.model.state_dict().items()}
    random, own = torch.get_rng_state(), task.generator.get_state()
    first, second = task.validate(), task.validate()
    assert first == second and first.keys() >= {"loss_frame", "nll"}
    assert all(torch.equal(value, weights[name]) for name, value in task.model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state()) and torch.equal(own, task.generator.get_state())


@pytest.mark.parametrize("head", ["gaussian", "mixture"])
def test_a_validation_tells_the_signs_of_a_collapse(make_recipe, head):
    task = build_task(make_recipe("acoustic", model={"head": {"hidden": 16, "kind": head}}, task=EXACT), "cpu")
    values = task.validate()
    assert {
        "floor_share",
        "coverage_1",
        "coverage_2",
        "z2",
        "z2_worst_band",
        "mean_rank",
        "own_flux",
        "own_error",
    } <= values.keys()
    assert all(torch.isfinite(value) for value in values.values())
    assert values["own_error"] == pytest.approx(1, abs=0.3), "untrained, it knows no more of the recorded history"


def test_a_head_without_a_density_sounds_no_alarm_about_one(make_recipe):
    task = build_task(make_recipe("acoustic", model={"head": {"hidden": 16, "kind": "regression"}}, task=EXACT), "cpu")
    values = {name: float(value) for name, value in task.validate().items()}
    assert "own_error" in values and "coverage_1" not in values
    assert not [line for line in find_alarms(values) if "coverage" in line or "z2" in line]


def test_speech_from_the_own_history_is_that_of_the_model_stepped_by_hand(make_recipe):
    task = build_task(make_recipe("acoustic", model={"head": {"hidden": 16}}, task=EXACT), "cpu")
    model = task.model.eval()
    torch.nn.init.normal_(model.head.out.weight, std=0.1)
    encoded = encode_batch(model, collate([task.train[0]], model.config.patch_size))
    own = speak(model, encoded, 0.0, torch.Generator())
    history = shift(own, model.config.patch_size)
    torch.testing.assert_close(model.predict(encoded.conditions, history).mean, own, atol=1e-4, rtol=1e-4)

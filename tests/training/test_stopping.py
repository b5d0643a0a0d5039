"""Early stopping: when a run ends, which weights it keeps, and that a resumed run does as one that was never stopped."""

import math

import pytest
import torch
from toy_runs import assert_equal, run

from tts.checkpoint import load_checkpoint
from tts.errors import InputError
from tts.training.loop import train
from tts.training.recipes import build_task, load_model, read_run
from tts.training.stopping import Stopping, StoppingConfig

STOPPING = {"validate_every": 1, "stopping": {"patience": 2}}


def run_with_figures(recipe, figures: list[float], stop_at: int | None = None) -> list[int]:
    """Train while the validations give these figures, by step; returns the steps that were validated."""
    task = build_task(recipe, "cpu")
    task.validate = lambda: {"loss": torch.tensor(figures[task.updater.steps - 1])}
    steps = []
    for row in train(task, recipe.out, recipe.train):
        if "valid_loss" in row:
            steps.append(row["step"])
            if row["step"] == stop_at:
                break
    return steps


def test_a_run_ends_when_nothing_gets_better_and_gives_its_best_weights(make_recipe):
    recipe = make_recipe("aligner", train=STOPPING)
    assert run_with_figures(recipe, [3.0, 2.0, 2.5, 2.0, 1.0, 0.5]) == [1, 2, 3, 4]
    best = load_checkpoint(recipe.out / "best.pt")
    assert best["step"] == 2 and load_checkpoint(recipe.out / "checkpoint.pt")["step"] == 4
    given = load_model("aligner", recipe.out).state_dict()
    assert all(torch.equal(value, best["task"]["updater"]["average"][name]) for name, value in given.items())
    last = load_checkpoint(recipe.out / "checkpoint.pt")["task"]["updater"]["average"]
    assert any(not torch.equal(value, last[name]) for name, value in given.items())
    assert run_with_figures(recipe, [0.0] * 6) == [], "it has ended for good"


def test_a_resumed_run_stops_where_one_that_was_never_stopped_does(make_recipe):
    figures = [3.0, 2.0, 2.5, 1.5, 1.6, 1.7]
    whole, parts = make_recipe("aligner", "whole", train=STOPPING), make_recipe("aligner", "parts", train=STOPPING)
    run_with_figures(whole, figures)
    run_with_figures(parts, figures, stop_at=3)
    run_with_figures(parts, figures)
    for name in ("checkpoint.pt", "best.pt"):
        assert_equal(load_checkpoint(whole.out / name), load_checkpoint(parts.out / name))


def test_without_patience_all_steps_are_taken_and_the_last_weights_count(make_recipe):
    recipe = make_recipe("aligner", train={"validate_every": 1})
    assert run_with_figures(recipe, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == [1, 2, 3, 4, 5, 6]
    assert not (recipe.out / "best.pt").exists()


def test_the_best_weights_of_a_run_that_goes_on_without_patience_are_let_go(make_recipe):
    recipe = make_recipe("aligner", train=STOPPING)
    run_with_figures(recipe, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    on = make_recipe("aligner", train={"validate_every": 1})
    run(on)
    assert not (recipe.out / "best.pt").exists()
    assert_equal(read_run(recipe.out), load_checkpoint(recipe.out / "checkpoint.pt")["task"]["updater"]["average"])


def test_a_figure_that_no_validation_has_is_refused(make_recipe):
    recipe = make_recipe("aligner", train=STOPPING | {"stopping": {"patience": 1, "watch": "wer"}})
    with pytest.raises(InputError, match="watch = 'wer': a validation has loss"):
        run(recipe)


def test_a_judge_is_asked_at_some_validations_and_may_decide(make_recipe):
    stopping = {"patience": 1, "watch": "wer", "judge_every": 2}
    recipe = make_recipe("aligner", train={"validate_every": 1, "stopping": stopping})
    task, asked, rates = build_task(recipe, "cpu"), [], iter((0.5, 0.6))

    def judge(judged) -> dict[str, float]:
        asked.append(judged.updater.steps)
        return {"wer": next(rates)}

    rows = [row for row in train(task, recipe.out, recipe.train, judge=judge) if "valid_loss" in row]
    assert asked == [2, 4] and [row.get("valid_wer") for row in rows] == [None, 0.5, None, 0.6]
    assert load_checkpoint(recipe.out / "best.pt")["step"] == 2


def test_a_figure_that_is_no_number_is_never_the_best(tmp_path):
    stopping = Stopping(StoppingConfig(patience=2), tmp_path)
    assert [stopping.is_better(step, {"nll": value}) for step, value in enumerate((math.nan, 1.0, math.nan))] == [
        False,
        True,
        False,
    ]
    assert not stopping.is_over
    assert not stopping.is_better(3, {"nll": 1.0}) and stopping.is_over

"""The optimiser: its schedule, the guard against NaN, averaged weights, an exact state."""

import copy
import math

import pytest
import torch
from torch import nn

from tts.training.optim import OptimConfig, Updater

CONFIG = OptimConfig(lr=1e-2, lr_end=1e-4, warmup_steps=10)


def linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2)


def loss_of(module: nn.Module, seed: int = 0) -> torch.Tensor:
    return module(torch.randn(5, 3, generator=torch.Generator().manual_seed(seed))).square().mean()


def test_the_learning_rate_warms_up_and_falls_by_half_a_cosine():
    updater = Updater(linear(), CONFIG, 110)
    assert updater.lr_at(0) == pytest.approx(1e-3)
    assert updater.lr_at(9) == updater.lr_at(10) == pytest.approx(1e-2)
    assert updater.lr_at(60) == pytest.approx((1e-2 + 1e-4) / 2)
    assert updater.lr_at(110) == updater.lr_at(500) == pytest.approx(1e-4)
    assert Updater(linear(), OptimConfig(warmup_steps=0), 10).lr_at(0) == 1e-3


def test_a_step_goes_down_the_loss_at_the_schedules_rate():
    module = linear()
    updater = Updater(module, CONFIG, 110)
    before = loss_of(module).item()
    for _ in range(20):
        norm = updater.step(loss_of(module))
    assert loss_of(module).item() < before and math.isfinite(norm)
    assert updater.optimizer.param_groups[0]["lr"] == updater.lr_at(19)


@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_changes_nothing_and_is_counted(factor):
    module = linear()
    updater = Updater(module, CONFIG, 110)
    updater.step(loss_of(module))
    before = {name: value.clone() for name, value in (module.state_dict() | {"average": updater.average["weight"]}).items()}
    assert math.isnan(updater.step(loss_of(module) * factor))
    after = module.state_dict() | {"average": updater.average["weight"]}
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (updater.steps, updater.skipped) == (2, 1)


def test_a_gradient_that_is_not_finite_changes_nothing_either():
    module = linear()
    updater = Updater(module, CONFIG, 110)
    before = module.weight.detach().clone()
    updater.step(module.weight.sum() * 0 + torch.sqrt((module.bias * 0).sum()))  # the root's gradient at 0 is infinite
    assert torch.equal(module.weight, before) and updater.skipped == 1
    updater.step(loss_of(module))
    assert module.weight.isfinite().all() and not torch.equal(module.weight, before)


def test_the_gradient_is_clipped():
    module = linear()
    updater = Updater(module, CONFIG, 110)
    assert updater.step(1e6 * loss_of(module)) > 1
    total = torch.cat([parameter.grad.flatten() for parameter in module.parameters()]).norm()
    assert total <= 1.0001


def test_the_average_is_the_recursion_by_hand():
    module = linear()
    updater = Updater(module, CONFIG, 110)
    average = module.weight.detach().clone()
    for step in range(5):
        updater.step(loss_of(module, step))
        decay = min(CONFIG.ema_decay, (step + 1) / (step + 10))
        average = decay * average + (1 - decay) * module.weight.detach()
    torch.testing.assert_close(updater.average["weight"], average)


def test_averaged_lends_the_average_and_gives_the_weights_back():
    module = linear()
    updater = Updater(module, CONFIG, 110)
    updater.step(loss_of(module))
    weight = module.weight.detach().clone()
    with pytest.raises(KeyError), updater.averaged() as averaged:
        assert torch.equal(averaged.weight, updater.average["weight"]) and not averaged.training
        raise KeyError
    assert torch.equal(module.weight, weight) and module.training


def test_a_state_goes_on_bit_for_bit():
    first, second = linear(0), linear(1)
    one, two = Updater(first, CONFIG, 110), Updater(second, CONFIG, 110)
    for step in range(3):
        one.step(loss_of(first, step))
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for step in range(3, 6):
        one.step(loss_of(first, step))
        two.step(loss_of(second, step))
    assert torch.equal(first.weight, second.weight) and torch.equal(one.average["bias"], two.average["bias"])
    assert one.steps == two.steps == 6

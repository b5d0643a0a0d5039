"""The transformer: causal, streaming equals offline, padding changes nothing."""

import torch

from tts.nn.masks import causal_window_mask, lengths_to_mask
from tts.nn.transformer import Transformer

CPU = torch.device("cpu")


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def transformer(window: int | None = 4) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(8, 2, 16, 3, dropout=0.5, window=window).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_later_positions_do_not_change_earlier_output():
    model, x = transformer(), draw(1, 12, 8)
    changed = x.clone()
    changed[:, 8:] += 1
    mask = causal_window_mask(12, 4, CPU)
    torch.testing.assert_close(model(changed, mask)[:, :8], model(x, mask)[:, :8], rtol=0, atol=1e-6)


def test_steps_equal_the_whole_beyond_the_window():
    model, x = transformer(), draw(2, 15, 8)
    state = model.init_state(2)
    steps = torch.cat([model.step(x[:, t : t + 1], state) for t in range(15)], 1)
    torch.testing.assert_close(steps, model(x, causal_window_mask(15, 4, CPU)), rtol=1e-4, atol=1e-5)


def test_a_batch_gives_what_its_rows_give():
    model, x = transformer(None), draw(2, 9, 8)
    mask = lengths_to_mask(torch.tensor([5, 9]))
    batch = model(x, mask[:, None, None])
    torch.testing.assert_close(batch[:1, :5], model(x[:1, :5], mask[:1, None, None, :5]), rtol=1e-4, atol=1e-5)


def test_residual_branches_start_small():
    torch.manual_seed(0)
    for block in Transformer(32, 2, 64, 4).blocks:
        assert block.attention.out.weight.std() < 0.01 and block.contract.weight.std() < 0.01


def test_dropout_is_off_in_eval_mode_only():
    model, x = transformer(), draw(1, 5, 8)
    mask = causal_window_mask(5, 4, CPU)
    assert torch.equal(model(x, mask), model(x, mask))
    model.train()
    assert not torch.equal(model(x, mask), model(x, mask))

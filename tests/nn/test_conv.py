"""Laws of the convolutions: causal, streaming equals offline, the state is the caller's."""

import pytest
import torch

from tts.nn.conv import CausalDepthwiseConv, ConvNeXtBlock

WIDTH = 6


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def layer(kind: str, kernel_size: int = 5) -> torch.nn.Module:
    torch.manual_seed(0)
    if kind == "conv":
        return CausalDepthwiseConv(WIDTH, kernel_size)
    return ConvNeXtBlock(WIDTH, 12, kernel_size)


def state_of(module: torch.nn.Module, batch_size: int) -> torch.Tensor:
    return getattr(module, "depthwise", module).init_state(batch_size)


@pytest.mark.parametrize("kind", ["conv", "block"])
def test_later_frames_do_not_change_earlier_output(kind):
    module, x = layer(kind), draw(2, 13, WIDTH)
    changed = x.clone()
    changed[:, 7:] += 1
    torch.testing.assert_close(module(changed)[:, :7], module(x)[:, :7], rtol=0, atol=0)
    assert not torch.equal(module(changed)[:, 7:], module(x)[:, 7:])


@pytest.mark.parametrize("kind", ["conv", "block"])
@pytest.mark.parametrize("chunks", [[13], [1] * 13, [4, 1, 7, 1], [2, 11]])
@pytest.mark.parametrize("kernel_size", [2, 5, 9])
def test_streaming_equals_offline(kind, chunks, kernel_size):
    module, x = layer(kind, kernel_size), draw(2, 13, WIDTH)
    state = state_of(module, 2)
    parts = [module(part, state) for part in x.split(chunks, dim=1)]
    torch.testing.assert_close(torch.cat(parts, 1), module(x), rtol=1e-5, atol=1e-6)


def test_the_state_holds_the_last_frames_and_without_one_nothing_is_kept():
    module, x = layer("conv"), draw(1, 7, WIDTH)
    state = module.init_state(1)
    assert torch.equal(state, torch.zeros(1, 4, WIDTH))
    module(x[:, :3], state)
    torch.testing.assert_close(state, torch.cat((torch.zeros(1, 1, WIDTH), x[:, :3]), 1))
    torch.testing.assert_close(module(x), module(x), rtol=0, atol=0)


def test_a_copied_state_goes_on_by_itself():
    module, x = layer("block"), draw(1, 8, WIDTH)
    state = state_of(module, 1)
    module(x[:, :4], state)
    copy = state.clone()
    first = module(x[:, 4:], state)
    torch.testing.assert_close(module(x[:, 4:], copy), first, rtol=0, atol=0)


def test_a_centred_block_sees_half_its_kernel_on_both_sides():
    torch.manual_seed(0)
    block, x = ConvNeXtBlock(WIDTH, 12, 5, is_causal=False), draw(1, 11, WIDTH)
    changed = x.clone()
    changed[:, 5] += 1
    differs = (block(changed) != block(x)).any(-1)[0]
    assert differs.tolist() == [3 <= t <= 7 for t in range(11)]


def test_a_centred_block_convolves_as_torch_does_with_padding():
    torch.manual_seed(0)
    block, x = ConvNeXtBlock(WIDTH, 12, 5, is_causal=False, scale=1.0), draw(1, 9, WIDTH)
    conv = block.depthwise.conv
    y = torch.nn.functional.conv1d(x.mT, conv.weight, conv.bias, padding=2, groups=WIDTH).mT
    y = block.contract(torch.nn.functional.gelu(block.expand(block.norm(y)), approximate="tanh"))
    torch.testing.assert_close(block(x), x + y, rtol=1e-5, atol=1e-6)

"""Attention and rotary positions against the naive formula; the ring of keys and values against the windowed mask."""

import copy
import math

import pytest
import torch

from tts.nn.attention import SelfAttention, rotary_angles, rotate
from tts.nn.masks import causal_window_mask

WIDTH, HEADS = 12, 3
CPU = torch.device("cpu")


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def attention(window: int | None = 4) -> SelfAttention:
    torch.manual_seed(0)
    return SelfAttention(WIDTH, HEADS, window)


def test_rotation_is_a_complex_product():
    x, angles = draw(1, 2, 5, 8), rotary_angles(torch.arange(5), 8)
    turned = torch.complex(*x.chunk(2, -1)) * torch.polar(torch.ones_like(angles), angles)
    torch.testing.assert_close(rotate(x, angles), torch.cat((turned.real, turned.imag), -1))


def test_angles_follow_the_formula_of_roformer():
    angles = rotary_angles(torch.tensor([7]), 4)
    torch.testing.assert_close(angles, torch.tensor([[7.0, 7.0 * 10_000 ** (-2 / 4)]]))


def test_scores_hang_on_the_distance_alone():
    query, key = draw(1, 1, 1, 8, seed=1), draw(1, 1, 1, 8, seed=2)

    def score(q: int, k: int) -> torch.Tensor:
        return (rotate(query, rotary_angles(torch.tensor([q]), 8)) * rotate(key, rotary_angles(torch.tensor([k]), 8))).sum()

    torch.testing.assert_close(score(9, 4), score(105, 100), rtol=1e-3, atol=1e-4)


def naive(layer: SelfAttention, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Attention by loops over heads and positions."""
    width = WIDTH // HEADS
    query, key, value = layer.qkv(x).chunk(3, -1)
    angles = rotary_angles(torch.arange(x.shape[1]), width)
    out = torch.zeros_like(x)
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        q, k = rotate(query[:, None, :, part], angles)[:, 0], rotate(key[:, None, :, part], angles)[:, 0]
        for t in range(x.shape[1]):
            seen = mask[t].nonzero().flatten()
            weights = torch.softmax((q[:, t, None] * k[:, seen]).sum(-1) / math.sqrt(width), -1)
            out[:, t, part] = (weights[..., None] * value[:, seen][..., part]).sum(1)
    return layer.out(out)


def test_attention_is_the_naive_formula():
    layer, x = attention(), draw(2, 7, WIDTH)
    mask = causal_window_mask(7, 4, CPU)
    angles = rotary_angles(torch.arange(7), WIDTH // HEADS)
    torch.testing.assert_close(layer(x, angles, mask), naive(layer, x, mask), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("window", [1, 3, 4, 20])
def test_steps_with_a_ring_equal_the_windowed_mask_beyond_its_wrap(window):
    layer, x = attention(window), draw(2, 13, WIDTH)
    state = layer.init_state(2)
    steps = torch.cat([layer.step(x[:, t : t + 1], state) for t in range(13)], 1)
    whole = layer(x, rotary_angles(torch.arange(13), WIDTH // HEADS), causal_window_mask(13, window, CPU))
    torch.testing.assert_close(steps, whole, rtol=1e-4, atol=1e-5)
    assert state.position == 13 and state.keys.shape == (2, HEADS, window, WIDTH // HEADS)


@torch.no_grad()
def test_a_copied_state_goes_on_by_itself():
    layer, x = attention(), draw(1, 9, WIDTH)
    state = layer.init_state(1)
    for t in range(6):
        layer.step(x[:, t : t + 1], state)
    kept = copy.deepcopy(state)
    first = layer.step(x[:, 6:7], state)
    layer.step(x[:, 7:8], state)
    torch.testing.assert_close(layer.step(x[:, 6:7], kept), first, rtol=0, atol=0)


def test_attention_without_a_window_has_no_state():
    with pytest.raises(AssertionError, match="without a window"):
        attention(None).init_state(1)

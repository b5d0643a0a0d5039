"""The discrete head: probabilities that add up, levels that know of each other, narrowed draws, a frozen quantiser."""

import itertools

import pytest
import torch
from torch.distributions import Categorical
from toy_heads import density_of, draw, many, new_head
from toy_models import stir

from tts.models.heads.codes import narrow


def test_all_codes_together_have_probability_one():
    density = density_of("codes", 1, 1)
    codes = torch.tensor(list(itertools.product(range(6), repeat=3)))
    wide = type(density)(density.trunk.expand(216, 1, -1), density.logits.expand(216, 1, -1), density.head)
    total = wide.log_prob_of_codes(codes[:, None]).sum(-1).exp().sum()
    torch.testing.assert_close(total, torch.tensor(1.0))


def test_the_log_prob_of_frames_is_that_of_their_codes_spread_over_the_patch():
    density, frames = density_of("codes"), draw(2, 8, 5)
    codes = density.head.quantizer.encode(frames)
    first = Categorical(logits=density.logits).log_prob(codes[..., 0])
    torch.testing.assert_close(density.log_prob_of_codes(codes)[..., 0], first)
    of_patch = density.log_prob_of_codes(codes).sum(-1)
    torch.testing.assert_close(density.log_prob(frames), (of_patch / 2).repeat_interleave(2, 1))
    assert density.n_terms == 1.5


def test_a_level_hangs_on_the_codes_before_it_and_on_no_later_ones():
    density = density_of("codes")
    codes = torch.zeros(2, 4, 3, dtype=torch.int64)
    base = density.log_prob_of_codes(codes)
    for level in range(3):
        changed = codes.clone()
        changed[..., level] = 1
        other = density.log_prob_of_codes(changed)
        assert torch.equal(other[..., :level], base[..., :level])
        assert all((other[..., later] != base[..., later]).all() for later in range(level + 1, 3))


def test_codes_are_drawn_as_often_as_they_are_likely():
    density = many("codes", 20_000)
    codes = density.sample_codes(1.0, torch.Generator().manual_seed(0))[:, 0]
    share = torch.bincount(codes[:, 0] * 6 + codes[:, 1], minlength=36) / 20_000
    pairs = torch.tensor(list(itertools.product(range(6), repeat=2)))
    one = type(density)(density.trunk[:36], density.logits[:36], density.head)
    expected = one.log_prob_of_codes(torch.cat((pairs, pairs[:, :1]), 1)[:, None])[:, 0, :2].sum(-1).exp()
    torch.testing.assert_close(share, expected, rtol=0, atol=0.015)


def test_temperature_zero_takes_the_likeliest_code_of_each_level():
    density = density_of("codes")
    codes = density.sample_codes(0.0)
    for level in range(3):
        others = [torch.cat((codes[..., :level], torch.full((2, 4, 3 - level), code)), -1) for code in range(6)]
        chances = torch.stack([density.log_prob_of_codes(other)[..., level] for other in others], -1)
        assert torch.equal(chances.argmax(-1), codes[..., level])
    assert torch.equal(density.sample(0.0), density.head.quantizer.decode(codes))


def test_top_k_and_top_p_keep_the_likeliest():
    logits = torch.tensor([0.1, 0.4, 0.3, 0.2]).log()
    kept = {
        (1, None): [1],
        (2, None): [1, 2],
        (9, None): [0, 1, 2, 3],
        (None, 0.0): [1],
        (None, 0.39): [1],
        (None, 0.41): [1, 2],
        (None, 0.95): [0, 1, 2, 3],
        (2, 0.95): [1, 2],
        (3, 0.3): [1],
        (None, None): [0, 1, 2, 3],
    }
    for (top_k, top_p), expected in kept.items():
        narrowed = narrow(logits, top_k, top_p)
        assert narrowed.isfinite().nonzero().flatten().tolist() == expected, (top_k, top_p)
        assert torch.equal(narrowed[expected], logits[expected])


def test_a_narrow_draw_is_the_likeliest():
    density = density_of("codes")
    likeliest = density.sample(0.0)
    assert torch.equal(density.sample(1.0, top_k=1), likeliest) and torch.equal(density.sample(1.0, top_p=0.0), likeliest)


def test_training_starts_at_equal_probabilities():
    density = new_head("codes")(draw(2, 4, 8))
    torch.testing.assert_close(density.log_prob(draw(2, 8, 5)), torch.full((2, 8), -1.5 * torch.tensor(6.0).log().item()))


def test_training_leaves_the_quantizer_as_it_is():
    head = stir(new_head("codes"))
    before = head.quantizer.books.clone()
    head.train()
    assert head.training and not head.quantizer.training
    optimizer = torch.optim.AdamW([p for p in head.parameters() if p.requires_grad], weight_decay=0.1)
    (-head(draw(2, 4, 8)).log_prob(draw(2, 8, 5)).mean()).backward()
    optimizer.step()
    assert torch.equal(head.quantizer.books, before)


def test_a_missing_or_a_needless_quantizer_is_refused():
    from toy_heads import N_MELS, PATCH_SIZE
    from toy_quantizer import ToyQuantizer

    from tts.errors import InputError
    from tts.models.config import AcousticConfig, HeadConfig
    from tts.models.heads import build_head

    codes = AcousticConfig(n_mels=N_MELS, patch_size=PATCH_SIZE, head=HeadConfig(kind="codes"))
    with pytest.raises(InputError, match="needs a quantizer"):
        build_head(codes)
    with pytest.raises(InputError, match="takes no quantizer"):
        build_head(AcousticConfig(n_mels=N_MELS, patch_size=PATCH_SIZE), ToyQuantizer())
    with pytest.raises(InputError, match=r"patches of 4 frames of 5 bands.*for 2 of 5"):
        build_head(codes, ToyQuantizer(patch_size=4))

"""The text encoder and the duration predictor: padding changes nothing, everything of a token counts."""

import math

import torch
from toy_models import ENCODER, draw_tokens, stir

from tts.models.text_encoder import DurationPredictor, TextEncoder


def modules() -> tuple[TextEncoder, DurationPredictor]:
    return stir(TextEncoder(ENCODER)), stir(DurationPredictor(ENCODER.width), seed=1)


def test_padding_changes_nothing(tokens):
    encoder, durations = modules()
    mask = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    memory = encoder(tokens, mask)
    alone = encoder(tokens[:1, :4], mask[:1, :4])
    torch.testing.assert_close(memory[:1, :4], alone, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(durations(memory, mask)[:1, :4], durations(alone, mask[:1, :4]), rtol=1e-4, atol=1e-5)


def test_what_stands_in_the_padding_does_not_matter(tokens):
    encoder, _ = modules()
    mask = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    other = tokens.clone()
    other[0, 4:] = draw_tokens(2, seed=9)
    torch.testing.assert_close(encoder(other, mask)[0, :4], encoder(tokens, mask)[0, :4], rtol=1e-4, atol=1e-5)


def test_symbol_stress_and_place_all_count(tokens):
    encoder, _ = modules()
    mask = torch.ones(2, 6, dtype=torch.bool)
    for feature in range(3):
        other = tokens.clone()
        other[..., feature] = (other[..., feature] + 1) % 3
        assert not torch.allclose(encoder(other, mask), encoder(tokens, mask))


def test_order_counts(tokens):
    encoder, _ = modules()
    mask = torch.ones(2, 6, dtype=torch.bool)
    assert not torch.allclose(encoder(tokens.flip(1), mask).flip(1), encoder(tokens, mask), atol=1e-3)


def test_durations_start_at_the_usual_length_of_a_phone(tokens):
    mask = torch.ones(2, 6, dtype=torch.bool)
    log_durations = DurationPredictor(8)(TextEncoder(ENCODER)(tokens, mask), mask)
    torch.testing.assert_close(log_durations.exp(), torch.full((2, 6), math.e**2))

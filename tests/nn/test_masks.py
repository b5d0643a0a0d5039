"""Masks: True is real data or an allowed look."""

import torch

from tts.nn.masks import causal_window_mask, lengths_to_mask


def test_a_mask_is_true_up_to_the_length():
    lengths = torch.tensor([1, 3])
    assert lengths_to_mask(lengths).tolist() == [[True, False, False], [True, True, True]]
    assert lengths_to_mask(lengths, 4).tolist() == [[True, False, False, False], [True, True, True, False]]


def test_a_query_sees_itself_and_the_window_behind_it():
    mask = causal_window_mask(5, 3, torch.device("cpu"))
    for query in range(5):
        for key in range(5):
            assert mask[query, key] == (query - 3 < key <= query)

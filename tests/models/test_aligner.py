"""The forward-sum loss and the best path against brute force; padding changes nothing."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy.stats import betabinom
from toy_models import draw_tokens, stir

from tts.models.aligner import (
    BLANK_LOGIT,
    Aligner,
    AlignerConfig,
    compute_forward_sum_loss,
    durations_of,
)
from tts.models.alignment import best_path, diagonal_prior
from tts.nn.masks import lengths_to_mask


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def path_sum(scores: torch.Tensor) -> torch.Tensor:
    """Log of the summed probability of all labellings of T frames that read 1..S once blanks and repeats are taken out."""
    n_frames, n_tokens = scores.shape
    log_probs = torch.cat((torch.full((n_frames, 1), BLANK_LOGIT), scores), 1).log_softmax(-1)
    totals = []
    for labels in product(range(n_tokens + 1), repeat=n_frames):
        without_repeats = [label for place, label in enumerate(labels) if place == 0 or label != labels[place - 1]]
        if [label for label in without_repeats if label] == list(range(1, n_tokens + 1)):
            totals.append(log_probs[range(n_frames), labels].sum())
    return torch.stack(totals).logsumexp(0)


@pytest.mark.parametrize(("n_frames", "n_tokens"), [(4, 3), (5, 2), (3, 3), (4, 1)])
def test_the_loss_is_the_sum_over_all_monotonic_paths(n_frames, n_tokens):
    scores = draw(n_frames, n_tokens)
    loss = compute_forward_sum_loss(scores[None], torch.tensor([n_tokens]), torch.tensor([n_frames]))
    torch.testing.assert_close(loss, -path_sum(scores) / n_frames, rtol=1e-4, atol=1e-5)


def test_padding_does_not_change_the_loss():
    scores = torch.full((2, 6, 4), -1e4)
    scores[0, :4, :3], scores[1] = draw(4, 3), draw(6, 4, seed=1)
    lengths = torch.tensor([3, 4]), torch.tensor([4, 6])
    alone = compute_forward_sum_loss(scores[:1, :4, :3], lengths[0][:1], lengths[1][:1])
    other = compute_forward_sum_loss(scores[1:], lengths[0][1:], lengths[1][1:])
    torch.testing.assert_close(compute_forward_sum_loss(scores, *lengths), (alone + other) / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n_frames", "n_tokens"), [(6, 4), (4, 4), (7, 2), (5, 1)])
def test_durations_are_those_of_the_best_path(n_frames, n_tokens, seed):
    scores = draw(n_frames, n_tokens, seed=seed).log_softmax(-1)
    best, best_score = None, -np.inf
    for borders in combinations(range(1, n_frames), n_tokens - 1):
        durations = np.diff([0, *borders, n_frames])
        score = float(scores[range(n_frames), np.repeat(np.arange(n_tokens), durations)].sum())
        if score > best_score:
            best, best_score = durations, score
    durations, mean_score = durations_of(scores)
    assert durations.tolist() == best.tolist()
    assert mean_score == pytest.approx(best_score / n_frames, abs=1e-4)


@pytest.mark.parametrize(("n_frames", "n_tokens"), [(6, 4), (4, 4), (7, 1), (60, 12), (200, 31)])
def test_the_best_path_without_torch_is_that_of_torchaudio(n_frames, n_tokens):
    for seed in range(4):
        scores = 3 * draw(n_frames, n_tokens, seed=seed)
        expected, mean_score = durations_of(scores)
        durations, path_scores = best_path(scores.numpy())
        assert durations.tolist() == expected.tolist()
        assert path_scores.shape == (n_frames,) and path_scores.mean() == pytest.approx(mean_score, abs=1e-4)


@pytest.mark.parametrize(("n_frames", "n_tokens"), [(1, 1), (20, 8), (300, 90)])
def test_the_prior_is_that_of_scipy(n_frames, n_tokens):
    frames, tokens = np.arange(1, n_frames + 1)[:, None], np.arange(n_tokens)[None]
    expected = betabinom.logpmf(tokens, n_tokens - 1, frames, n_frames + 1 - frames)
    np.testing.assert_allclose(diagonal_prior(n_frames, n_tokens), expected, rtol=1e-5, atol=1e-5)


def test_the_prior_is_a_distribution_over_tokens_that_runs_along_the_diagonal():
    prior = np.exp(diagonal_prior(20, 8))
    np.testing.assert_allclose(prior.sum(1), 1, rtol=1e-5)
    centre = (prior * np.arange(8)).sum(1)
    assert (np.diff(centre) > 0).all()
    np.testing.assert_allclose(centre, np.arange(1, 21) / 21 * 7, rtol=1e-5)


@pytest.fixture
def aligner() -> Aligner:
    return stir(Aligner(AlignerConfig(n_symbols=30, n_mels=5, width=8, attention_width=6)))


def test_padding_does_not_change_the_scores(aligner):
    tokens, mel = draw_tokens(2, 6), draw(2, 15, 5)
    token_mask, mel_mask = lengths_to_mask(torch.tensor([4, 6])), lengths_to_mask(torch.tensor([9, 15]))
    prior = torch.zeros(2, 15, 6)
    batch = aligner(tokens, token_mask, mel, mel_mask, prior)
    alone = aligner(tokens[:1, :4], token_mask[:1, :4], mel[:1, :9], mel_mask[:1, :9], prior[:1, :9, :4])
    torch.testing.assert_close(batch[:1, :9, :4], alone, rtol=1e-4, atol=1e-4)
    assert batch[0, :, 4:].max() < -9_000


def test_scores_are_distances(aligner):
    tokens, mel = draw_tokens(1, 4), draw(1, 7, 5)
    masks = torch.ones(1, 4, dtype=torch.bool), torch.ones(1, 7, dtype=torch.bool)
    key = aligner.text(aligner.embedding(tokens[..., 0]) + aligner.stress(tokens[..., 1]), masks[0])
    query = aligner.frames(mel * 0.25 + 1, masks[1])
    expected = (-0.1 * torch.cdist(query, key).square()).log_softmax(-1)
    torch.testing.assert_close(aligner(tokens, masks[0], mel, masks[1], torch.zeros(1, 7, 4)), expected, rtol=1e-3, atol=1e-3)


def test_the_gradient_reaches_every_parameter(aligner):
    masks = torch.ones(1, 4, dtype=torch.bool), torch.ones(1, 7, dtype=torch.bool)
    scores = aligner(draw_tokens(1, 4), masks[0], draw(1, 7, 5), masks[1], torch.zeros(1, 7, 4))
    compute_forward_sum_loss(scores, torch.tensor([4]), torch.tensor([7])).backward()
    silent = [name for name, parameter in aligner.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert silent == []

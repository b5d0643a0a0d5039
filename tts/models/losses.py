"""What a head can be trained by: each a loss per frame (B, T), nats or units per channel, beside the frames that were spoken.

Letters: B batch, P patches, r frames per patch, T frames (P * r), F frame channels, K components.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from tts.errors import InputError
from tts.models.config import HeadKind
from tts.models.heads import Codes, DiagonalGaussian, FrameDistribution, FullGaussian, LowRankGaussian, Mixture

LossKind = Literal["nll", "beta_nll", "mse", "energy"]
Gaussian = DiagonalGaussian | LowRankGaussian | FullGaussian

N_ENERGY_DRAWS = 2
GAUSSIAN_HEADS = ("gaussian", "low_rank", "full")
DENSITY_HEADS = (*GAUSSIAN_HEADS, "mixture", "experts", "regression")
HEADS_OF_LOSS: dict[str, tuple[str, ...]] = {
    "nll": get_args(HeadKind),
    "beta_nll": DENSITY_HEADS,
    "mse": (*GAUSSIAN_HEADS, "regression"),  # which of a mixture's means?
    "energy": GAUSSIAN_HEADS,  # the choice of a component has no gradient
    "mean_weight": DENSITY_HEADS,
    "flux_weight": DENSITY_HEADS,
    "kl_weight": GAUSSIAN_HEADS,  # of a mixture it has no closed form
    "balance_weight": ("mixture", "experts"),
}


def check_loss(head: HeadKind, loss: LossKind, weights: dict[str, float]) -> None:
    """Refuse losses that a head cannot be trained by.

    Args:
        head: kind of the head.
        loss: what `compute_loss` is to compute.
        weights: of the other losses, by the name of their setting.

    Raises:
        InputError: names the setting, the head, and what to do.
    """
    if head not in HEADS_OF_LOSS[loss]:
        able = [kind for kind in get_args(LossKind) if head in HEADS_OF_LOSS[kind]]
        raise InputError(f"task.loss = {loss!r}: not for head.kind = {head!r}; take {' or '.join(able)}")
    for name, weight in weights.items():
        if weight and head not in HEADS_OF_LOSS[name]:
            raise InputError(f"task.{name} = {weight}: not for head.kind = {head!r}; set it to 0")


def compute_loss(
    kind: LossKind, distribution: FrameDistribution, frames: Tensor, beta: float, generator: torch.Generator | None
) -> Tensor:
    """The loss of that name (B, T) for frames (B, T, F); beta is beta_nll's, the generator that of the energy score's draws."""
    if kind == "beta_nll":
        return compute_beta_nll(distribution, frames, beta)
    if kind == "nll":
        return compute_nll(distribution, frames)
    if kind == "mse":
        return (distribution.mean - frames).square().mean(-1)
    return compute_energy_score(distribution, frames, generator)


def compute_nll(distribution: FrameDistribution, frames: Tensor) -> Tensor:
    """Negative log-likelihood (B, T), nats per channel; of codes, nats per code."""
    return -distribution.log_prob(frames) / distribution.n_terms


def compute_beta_nll(distribution: FrameDistribution, frames: Tensor, beta: float) -> Tensor:
    """Negative log-likelihood, weighted per channel by the detached variance to the power beta (arXiv 2203.09168, eq. 5).

    Without the weight, frames that are hard to predict are starved of gradient. A covariance that is not diagonal has no
    likelihood per channel; its frames are weighted by the mean weight of their channels' whole variance. For a mixture see
    `_mixture_beta_nll`.

    Args:
        distribution: density of T frames.
        frames: (B, T, F) targets.
        beta: 0 is the plain likelihood, 1 weights like squared error.

    Returns:
        (B, T) nats per channel.
    """
    if isinstance(distribution, DiagonalGaussian):
        weight = (2 * beta * distribution.log_std.detach()).exp()
        return -(weight * distribution.log_prob_per_channel(frames)).mean(-1)
    if isinstance(distribution, Mixture):
        return _mixture_beta_nll(distribution, frames, beta)
    weight = distribution.std.detach() ** (2 * beta)
    return weight.mean(-1) * compute_nll(distribution, frames)


def _mixture_beta_nll(mixture: Mixture, frames: Tensor, beta: float) -> Tensor:
    """Beta-NLL of a mixture, in the form that expectation maximisation gives the likelihood.

    With the responsibilities q_k of the components for a patch, detached, its negative log-likelihood is

        sum_k q_k (log q_k - log w_k - sum over frames and channels of log N_k),

    in value and in gradient. There every component has a likelihood per channel, which is weighted as that of a single Gaussian.
    The part without a channel is spread evenly over the frames of the patch.
    """
    log_prob = mixture.log_prob_per_channel(frames)
    log_share = mixture.responsibilities(log_prob).detach()  # (B, P, K)
    share = log_share.exp()
    weight = (2 * beta * mixture.log_stds.detach()).exp()
    of_frame = (weight * log_prob).sum(-1)  # (B, T, K)
    chosen = (share * (log_share - mixture.log_weights)).sum(-1) / mixture.patch_size
    loss = chosen.repeat_interleave(mixture.patch_size, 1) - (_per_frame(share, mixture) * of_frame).sum(-1)
    return loss / frames.shape[-1]


def _per_frame(of_patch: Tensor, mixture: Mixture) -> Tensor:
    return of_patch.repeat_interleave(mixture.patch_size, dim=1)


def compute_mean_distance(distribution: FrameDistribution, frames: Tensor) -> Tensor:
    """Absolute distance between mean and frames (B, T), mean of the channels.

    Of a mixture, the components' distances weighted by their detached responsibilities: its mean is not what it speaks.
    """
    if isinstance(distribution, Mixture):
        share = distribution.responsibilities(distribution.log_prob_per_channel(frames)).detach().exp()
        distance = (distribution.means - frames[:, :, None]).abs().mean(-1)
        return (_per_frame(share, distribution) * distance).sum(-1)
    return (distribution.mean - frames).abs().mean(-1)


def compute_energy_score(distribution: FrameDistribution, frames: Tensor, generator: torch.Generator | None) -> Tensor:
    """Energy score of each frame (B, T), by draws that the gradient goes through, over the root of the number of channels.

    E |X - y| - E |X - X'| / 2 with independent draws X, X' of the density; it is least in expectation where the density is the
    true one (Gneiting & Raftery, 2007, section 4.3, beta = 1).
    """
    return score_draws(torch.stack([distribution.sample(1.0, generator) for _ in range(N_ENERGY_DRAWS)]), frames)


def score_draws(draws: Tensor, frames: Tensor) -> Tensor:
    """Energy score by draws (M, ..., F) of frames (..., F): (...), without bias, over the root of the number of channels."""
    to_frames = (draws - frames).norm(dim=-1).mean(0)
    pairs = [(draws[i] - draws[j]).norm(dim=-1) for i in range(len(draws)) for j in range(i)]
    return (to_frames - 0.5 * torch.stack(pairs).mean(0)) / frames.shape[-1] ** 0.5


def compute_kl(distribution: FrameDistribution, frames: Tensor) -> Tensor:
    """KL divergence to a unit Gaussian around the frames, per channel (B, T) (MELLE, arXiv 2407.08551).

    It draws the mean to the frames, and the deviation to 1, so that neither the density nor its draws can collapse.
    """
    assert isinstance(distribution, Gaussian), "check_loss lets no other head here"
    spread = distribution.std.square().sum(-1) + (distribution.mean - frames).square().sum(-1)
    return 0.5 * ((spread - distribution.log_det) / frames.shape[-1] - 1)


def compute_flux(distribution: FrameDistribution, frames: Tensor) -> Tensor:
    """Minus the absolute change from the frame before to the mean, per channel (B, T) (MELLE, arXiv 2407.08551).

    It punishes a mean that repeats the frame before. The first frame, which has none before it, gets 0.
    """
    change = -(distribution.mean[:, 1:] - frames[:, :-1]).abs().mean(-1)
    return torch.nn.functional.pad(change, (1, 0))


def compute_balance(distribution: FrameDistribution, patch_mask: Tensor) -> Tensor:
    """Load balance of components: K sum_k f_k p_k, 1 at its best and K at its worst (Switch, arXiv 2101.03961, eq. 4 to 6).

    Args:
        distribution: a mixture.
        patch_mask: bool (B, P), True = real data.

    Returns:
        A scalar; f_k is the share of patches whose likeliest component is k, p_k the mean probability.
    """
    assert isinstance(distribution, Mixture), "check_loss lets no other head here"
    usage, weight = distribution.usage, (patch_mask / patch_mask.sum())[..., None]
    n_components = usage.shape[-1]
    share = (torch.nn.functional.one_hot(usage.argmax(-1), n_components) * weight).sum((0, 1))
    return n_components * (share * (usage * weight).sum((0, 1))).sum()


@torch.no_grad()
def measure_usage(distribution: FrameDistribution, patch_mask: Tensor) -> dict[str, Tensor]:
    """Which components, or codes of the first level, are used; empty for a head that has none.

    Returns:
        `choice_entropy`, nats, the mean of the patches' entropies: 0 when every patch is sure of its choice. Of components also
        their mean probabilities, `usage_0` ..., and the entropy of these, `component_entropy`, nats: log K when all are used
        alike. Of codes the perplexity of the mean probabilities, `code_perplexity`: C when all are used alike.
    """
    if not isinstance(distribution, Mixture | Codes):
        return {}
    usage, weight = distribution.usage, patch_mask / patch_mask.sum()
    mean = (usage * weight[..., None]).sum((0, 1))
    entropy, choice = torch.special.entr(mean).sum(), (torch.special.entr(usage).sum(-1) * weight).sum()
    if isinstance(distribution, Codes):
        return {"choice_entropy": choice, "code_perplexity": entropy.exp()}
    return {"choice_entropy": choice, "component_entropy": entropy} | {f"usage_{k}": share for k, share in enumerate(mean)}

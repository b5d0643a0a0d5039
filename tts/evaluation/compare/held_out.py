"""How good a density is on recordings that the model has not learned from, given the recorded history.

All figures are in units of the natural-log mel, whatever a model normalises by, so that arms can be compared. Likelihood exists
for densities alone; CRPS and energy score are measured by draws and exist for everything that can draw. Letters: B batch, T
frames, F mel bands, M draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from tts.data.dataset import FeatureFolder
from tts.models.acoustic import AcousticModel
from tts.models.heads import FrameDistribution
from tts.models.losses import score_draws
from tts.training.batches import collate, encode_batch, shift

GROUP = 8  # utterances of a batch
WITHOUT_DENSITY = ("codes", "regression")
FIGURES = ("nll", "coverage_1", "coverage_2", "z2", "nll_codes", "crps", "energy")


@torch.inference_mode()
def measure_held_out(model: AcousticModel, data: FeatureFolder, n_utterances: int, n_draws: int) -> dict[str, list[Any]]:
    """Measure a model on utterances spread evenly over a folder's lengths.

    Args:
        model: in eval mode.
        data: aligned utterances.
        n_utterances: how many.
        n_draws: from each density.

    Returns:
        A value per utterance under each name: `frames`; `nll`, nats per dimension; `coverage_1`, `coverage_2` and `z2`, as in
        alarms.py; `nll_codes`, nats per code; `crps` and `energy`. Lists of None where a head has no such figure.
    """
    chosen = data.spread(n_utterances)
    generator = torch.Generator().manual_seed(0)
    values: dict[str, list[Any]] = {name: [] for name in ("frames", *FIGURES)}
    for start in range(0, len(chosen), GROUP):
        batch = collate([data[index] for index in chosen[start : start + GROUP]], model.config.patch_size)
        for row in _measure_batch(model, batch, n_draws, generator):
            for name, column in values.items():
                column.append(row.get(name))
    return values


def _measure_batch(
    model: AcousticModel, batch: dict[str, Tensor], n_draws: int, generator: torch.Generator
) -> Iterator[dict[str, float]]:
    distribution, mask = predict_frames(model, batch)
    mel = batch["mel"]
    draws = torch.stack([model.denormalize(distribution.sample(1.0, generator)) for _ in range(n_draws)])
    per_frame = {"crps": compute_crps(draws, mel).mean(-1), "energy": score_draws(draws, mel)}
    per_frame |= _density_figures(model, distribution, mel)
    for row, keep in enumerate(mask):
        yield {"frames": int(keep.sum())} | {name: float(value[row][keep].mean()) for name, value in per_frame.items()}


def predict_frames(model: AcousticModel, batch: dict[str, Tensor]) -> tuple[FrameDistribution, Tensor]:
    """Densities of a batch's frames given the recorded history, and the mask (B, T) of real frames."""
    encoded = encode_batch(model, batch)
    return model.predict(encoded.conditions, shift(encoded.frames, model.config.patch_size)), encoded.frame_mask


def _density_figures(model: AcousticModel, distribution: FrameDistribution, mel: Tensor) -> dict[str, Tensor]:
    """Figures (B, T) that only a density has, or only codes."""
    frames, kind = model.normalize(mel), model.config.head.kind
    if kind == "codes":
        return {"nll_codes": -distribution.log_prob(frames) / distribution.n_terms}
    if kind in WITHOUT_DENSITY:
        return {}
    z = (frames - distribution.mean) / distribution.std
    nll = -distribution.log_prob(frames) / frames.shape[-1] + model.mel_std.log().mean()  # of the mel itself
    within = {f"coverage_{k}": (z.abs() <= k).float().mean(-1) for k in (1, 2)}
    return {"nll": nll, "z2": z.square().mean(-1)} | within


def compute_crps(draws: Tensor, observed: Tensor) -> Tensor:
    """Continuous ranked probability score of each value, by draws (M, ...) for observed (...).

    E |X - y| - E |X - X'| / 2 (Gneiting and Raftery 2007, eq. 21), without bias: X and X' are always different draws. Sorting
    the draws gives all pairs at once.
    """
    n = len(draws)
    place = torch.arange(1, n + 1, dtype=draws.dtype).view(-1, *(1,) * observed.ndim)
    pairs = ((2 * place - n - 1) * draws.sort(0).values).sum(0) / (n * (n - 1))  # E |X - X'| / 2
    return (draws - observed).abs().mean(0) - pairs

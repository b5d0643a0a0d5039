"""Signs of a collapse, measured at every validation, and the alarm when one leaves its band.

A density over frames can fail long before the words do: the standard deviation sinks to its floor (the model is sure of what it
does not know), calibration goes (the recordings lie outside the density), the means become few (low rank), or what the model says
from its own history stands still or wanders off. Letters: B batch, T frames, F mel bands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

FLOOR_MARGIN = 1.02  # a standard deviation within 2 % of the floor is at the floor


@dataclass(frozen=True)
class Band:
    """Where a figure may lie.

    Attributes:
        low: smallest value that raises no alarm.
        high: largest.
        meaning: what a figure outside says, in a few words.
    """

    low: float
    high: float
    meaning: str


BANDS: dict[str, Band] = {
    "mean_std": Band(0.03, 1.5, "the standard deviation has collapsed or never fell"),
    "floor_share": Band(0.0, 0.5, "most standard deviations are at their floor"),
    "coverage_1": Band(0.5, 0.92, "recordings lie within one standard deviation too seldom or too often (0.683 is calibrated)"),
    "coverage_2": Band(0.8, 1.0, "recordings lie within two standard deviations too seldom (0.954 is calibrated)"),
    "z2": Band(0.3, 2.5, "squared distances from the mean are not those of the density (1 is calibrated)"),
    "z2_worst_band": Band(0.0, 5.0, "one mel band is far outside its density"),
    "mean_rank": Band(4.0, math.inf, "the means lie in a few dimensions"),
    "own_flux": Band(0.6, 1.6, "speech from the model's own history moves too little or too much from frame to frame"),
    "own_error": Band(0.0, 2.5, "speech from the model's own history leaves the recording far behind"),
    "component_entropy": Band(0.05, math.inf, "one component does all the work"),
    "code_perplexity": Band(8.0, math.inf, "a few codes do all the work"),
}


def compute_signs(mean: Tensor, std: Tensor, frames: Tensor, mask: Tensor, min_std: float) -> dict[str, Tensor]:
    """Measure a density against recordings.

    Args:
        mean: (B, T, F) of the density.
        std: (B, T, F) of the density.
        frames: (B, T, F) recordings, normalised.
        mask: bool (B, T), True = real data.
        min_std: floor of the standard deviation.

    Returns:
        Scalars: `floor_share`; `coverage_1` and `coverage_2`, shares of the recorded values within one and two standard
        deviations; `z2`, the mean squared distance in standard deviations, and `z2_worst_band`, that of the worst band;
        `mean_rank`.
    """
    z = ((frames - mean) / std)[mask]  # (N, F)
    z2 = z.square().mean(0)
    return {
        "floor_share": (std[mask] <= FLOOR_MARGIN * min_std).float().mean(),
        "coverage_1": (z.abs() <= 1).float().mean(),
        "coverage_2": (z.abs() <= 2).float().mean(),
        "z2": z2.mean(),
        "z2_worst_band": z2.max(),
        "mean_rank": compute_effective_rank(mean[mask]),
    }


def compute_effective_rank(rows: Tensor) -> Tensor:
    """Exponential of the entropy of the normalised singular values of centred rows (N, F) (Roy and Vetterli 2007, eq. 3)."""
    values = torch.linalg.svdvals((rows - rows.mean(0)).float())
    shares = values / values.sum().clamp_min(1e-12)
    return torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum())


def compute_change(frames: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute change from frame to frame of (B, T, F) under mask (B, T)."""
    both = mask[:, 1:] & mask[:, :-1]
    return (frames[:, 1:] - frames[:, :-1]).abs().mean(-1)[both].mean()


def compute_own_signs(own: Tensor, frames: Tensor, error_from_truth: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Compare what the model says from its own history with recordings of the same durations.

    Args:
        own: (B, T, F) frames drawn one patch after another.
        frames: (B, T, F) recordings.
        error_from_truth: scalar, mean absolute error of the means given the recorded history.
        mask: bool (B, T), True = real data.

    Returns:
        Scalars: `own_flux`, change from frame to frame relative to the recordings'; `own_error`, mean absolute distance from the
        recordings relative to `error_from_truth`.
    """
    error = (own - frames).abs().mean(-1)[mask].mean()
    return {"own_flux": compute_change(own, mask) / compute_change(frames, mask), "own_error": error / error_from_truth}


def find_alarms(figures: Mapping[str, float], bands: Mapping[str, Band] = BANDS) -> list[str]:
    """One line for every figure outside its band; a figure that is not finite is outside."""
    lines = []
    for name, band in bands.items():
        value = figures.get(name)
        if value is not None and not band.low <= value <= band.high:
            lines.append(f"{name} {value:.3g} is outside {band.low:g} to {band.high:g}: {band.meaning}")
    return lines

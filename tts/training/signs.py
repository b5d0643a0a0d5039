"""The signs of alarms.py, measured on a model: given the recorded history, and left alone with its own.

Letters: B batch, T frames, P patches, r frames per patch, F mel bands.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tts.models.acoustic import AcousticModel
from tts.models.heads import Codes, Regression
from tts.training.alarms import compute_own_signs, compute_signs
from tts.training.batches import Batch, Encoded, encode_batch, shift

OWN_TEMPERATURE = 0.3  # what voices speak with


@torch.no_grad()
def measure_signs(model: AcousticModel, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
    """Measure the signs of a collapse on held-out utterances with the durations of their recordings.

    Args:
        model: in eval mode.
        batch: of `collate`, on the model's device.
        generator: of the draws, on the model's device.

    Returns:
        What compute_signs gives (nothing for codes and regression, which have no density), and what compute_own_signs gives.
    """
    encoded = encode_batch(model, batch)
    frames, mask = encoded.frames, encoded.frame_mask
    distribution = model.predict(encoded.conditions, shift(frames, model.config.patch_size))
    error = (distribution.mean - frames).abs().mean(-1)[mask].mean()
    own = compute_own_signs(speak(model, encoded, OWN_TEMPERATURE, generator), frames, error, mask)
    if isinstance(distribution, Codes | Regression):
        return own
    return compute_signs(distribution.mean, distribution.std, frames, mask, model.config.head.min_std) | own


@torch.no_grad()
def speak(model: AcousticModel, encoded: Encoded, temperature: float, generator: torch.Generator) -> Tensor:
    """Draw the frames (B, T, F) of a batch patch after patch, each from the history of the draws before it."""
    state = model.init_state(len(encoded.conditions))
    patches = []
    for condition in encoded.conditions.unbind(1):
        patch = model.step(condition, state).sample(temperature, generator)
        state.previous = patch.flatten(1)
        patches.append(patch)
    return torch.cat(patches, dim=1)

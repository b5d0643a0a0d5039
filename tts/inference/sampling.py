"""Settings of one request, and the draw from a density. No torch."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.inference.backend import Density


class SamplingConfig(BaseModel):
    """How one request is spoken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(None, ge=0, le=2)  # factor of the standard deviation; 0 = mode, None = the voice's own
    speed: float = Field(1.0, ge=0.25, le=4)  # 2 is twice as fast
    seed: int | None = Field(None, ge=0, lt=2**63)  # None draws one
    pause: float = Field(0.15, ge=0, le=10)  # seconds of silence between sentences, twice that between paragraphs


def sample(density: Density, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """Draw one patch (r, F) float32; the temperature multiplies the standard deviation, 0 gives the mode."""
    if temperature == 0:
        return density.mean
    deviation = np.exp(density.log_std) * rng.standard_normal(density.mean.shape, dtype=np.float32)
    if density.factor is not None:
        shared = rng.standard_normal((len(density.mean), density.factor.shape[-1], 1), dtype=np.float32)
        deviation = deviation + (density.factor @ shared)[..., 0]
    frames: np.ndarray = density.mean + np.float32(temperature) * deviation
    return frames

"""Settings of the mel analysis, and its filters, for all who compute it. No torch. Letter: F mel bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class MelConfig(BaseModel):
    """Settings of the mel analysis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: int = Field(24_000, gt=0)  # Hz
    n_fft: int = Field(1024, gt=0)  # samples
    hop_length: int = Field(256, gt=0)  # samples
    n_mels: int = Field(100, gt=0)  # bands
    floor: float = Field(1e-5, gt=0)  # smallest magnitude

    @property
    def frame_rate(self) -> float:
        """Frames per second, Hz."""
        return self.sample_rate / self.hop_length


@lru_cache(maxsize=4)
def mel_filters(config: MelConfig) -> np.ndarray:
    """Triangles (n_fft / 2 + 1, F), even on the scale of HTK's mel, each with its top at 1."""
    borders = mel_borders(config)
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)[:, None]
    rising = (bins - borders[:-2]) / np.diff(borders)[:-1]
    falling = (borders[2:] - bins) / np.diff(borders)[1:]
    return np.maximum(0, np.minimum(rising, falling))


def mel_borders(config: MelConfig) -> np.ndarray:
    """Where the triangles begin, have their tops and end, Hz (F + 2,): triangle f runs from f over f + 1 to f + 2."""
    top = 2595 * np.log10(1 + config.sample_rate / 2 / 700)
    borders: np.ndarray = 700 * (10 ** (np.linspace(0, top, config.n_mels + 2) / 2595) - 1)
    return borders

"""Settings of the mel analysis. No torch."""

from __future__ import annotations

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

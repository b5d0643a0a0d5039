"""Settings of the vocoder, shared by its network (torch) and its synthesis (numpy)."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_HARMONIC_HZ = 11_000.0


class VocoderConfig(BaseModel):
    """Settings of the vocoder network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample_rate: int = Field(24_000, gt=0)  # Hz
    n_fft: int = Field(1024, gt=0)  # samples
    hop_length: int = Field(256, gt=0)  # samples
    n_mels: int = Field(100, gt=0)  # bands
    width: int = Field(256, gt=0)  # channels
    hidden: int = Field(768, gt=0)  # channels between the linear layers of a block
    n_blocks: int = Field(6, gt=0)
    kernel_size: int = Field(7, gt=1)  # frames
    lookahead: int = Field(8, ge=0)  # frames of mel after the one that is given out

    @model_validator(mode="after")
    def _check_overlap(self) -> Self:
        if self.n_fft != 4 * self.hop_length:
            raise ValueError(f"n_fft = {self.n_fft} must be 4 * hop_length, {4 * self.hop_length}: the synthesis is made for it")
        return self

    @property
    def n_bins(self) -> int:
        """Bins of the spectrum."""
        return self.n_fft // 2 + 1

"""Settings of a quantiser; imports no torch, so that a packaged voice can be read without it."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Space = Literal["frame", "patch"]


class QuantizerConfig(BaseModel):
    """Settings of a quantiser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["vq", "rvq", "fsq", "kmeans"] = "vq"
    n_mels: int = Field(100, gt=0)  # bands
    patch_size: int = Field(4, gt=0)  # frames that a row of codes stands for
    codebook_size: int = Field(1024, gt=1)  # codes of a level
    n_levels: int = Field(1, gt=0, le=64)  # codes of a patch
    hidden: int = Field(256, gt=0)  # channels of the hidden layer of encoder and decoder (not kmeans)
    latent_dim: int = Field(64, gt=0)  # channels that are quantised (vq, rvq)
    scalar_levels: tuple[int, ...] = (4, 4, 4, 4, 4)  # values of each channel of a code; their product is codebook_size (fsq)
    space: Space = "patch"  # what an entry of the codebook is (kmeans)
    decay: float = Field(0.97, ge=0, lt=1)  # of the running means that the entries are (vq, rvq)
    dead_below: float = Field(0.1, ge=0)  # an entry used less often in a batch, on average, is dead (vq, rvq)

    @property
    def n_latents(self) -> int:
        """Channels between encoder and decoder."""
        return len(self.scalar_levels) * self.n_levels if self.kind == "fsq" else self.latent_dim

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        if self.kind == "vq" and self.n_levels != 1:
            raise ValueError(f"n_levels = {self.n_levels}: vq has one level; take rvq")
        if self.kind == "fsq" and (min(self.scalar_levels) < 3 or math.prod(self.scalar_levels) != self.codebook_size):
            raise ValueError(f"scalar_levels = {self.scalar_levels}: take 3 or more values each, {self.codebook_size} in all")
        if self.kind != "kmeans" and self.n_latents > self.patch_size * self.n_mels:
            raise ValueError(f"{self.n_latents} latent channels are more than the values of a patch; take fewer")
        levels = self.patch_size if self.space == "frame" else 1
        if self.kind == "kmeans" and self.n_levels != levels:
            raise ValueError(f"n_levels = {self.n_levels}: a patch has {levels} codes when an entry is a {self.space}")
        return self

"""Settings of the acoustic model and its parts; imports no torch, so that a packaged voice can be read without it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tts.models.quantizer_config import QuantizerConfig

HeadKind = Literal["gaussian", "low_rank", "full", "mixture", "experts", "regression", "codes"]


class TextEncoderConfig(BaseModel):
    """Settings of the text encoder and the duration predictor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_symbols: int = Field(120, gt=0)
    width: int = Field(256, gt=0)  # channels
    n_heads: int = Field(4, gt=0)
    hidden: int = Field(1024, gt=0)  # channels of the feed-forward layers
    n_blocks: int = Field(4, gt=0)
    n_conv_blocks: int = Field(2, ge=0)  # ConvNeXt blocks before the transformer
    dropout: float = Field(0.1, ge=0, lt=1)


class HeadConfig(BaseModel):
    """Settings of a head."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: HeadKind = "gaussian"
    hidden: int = Field(512, gt=0)  # channels of the hidden layer (experts: of each expert's)
    rank: int = Field(4, gt=0)  # columns of the factor (low_rank)
    n_components: int = Field(4, ge=2, le=64)  # Gaussians of a patch (mixture, experts)
    min_std: float = Field(0.05, gt=0)  # floor of the standard deviation, in normalised units


class AcousticConfig(BaseModel):
    """Settings of the acoustic model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_mels: int = Field(100, gt=0)  # bands
    patch_size: int = Field(4, gt=0)  # frames per step of the backbone
    encoder: TextEncoderConfig = TextEncoderConfig()
    head: HeadConfig = HeadConfig()
    quantizer: QuantizerConfig | None = None  # of the codes head
    conditioner_blocks: int = Field(3, ge=0)
    backbone_blocks: int = Field(5, gt=0)
    n_heads: int = Field(4, gt=0)
    hidden: int = Field(1024, gt=0)  # channels of the backbone's feed-forward layers
    window: int = Field(96, gt=0)  # patches that the backbone looks back on
    prenet_dropout: float = Field(0.2, ge=0, lt=1)
    dropout: float = Field(0.05, ge=0, lt=1)

"""Settings of the acoustic model and its parts; imports no torch, so that a packaged voice can be read without it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from tts.audio.speaker import EMBEDDING_DIM
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


class SpeakerConfig(BaseModel):
    """Settings of what a model of several speakers is told of who speaks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["table", "reference"] = "table"  # a learned vector for each speaker, or an embedding of a recording
    dim: int = Field(256, gt=0)  # numbers of a speaker's vector
    names: tuple[str, ...] = ()  # of the speakers, in the order of their vectors; training adds those of its features

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "reference" and self.dim != EMBEDDING_DIM:
            raise ValueError(f"a reference has {EMBEDDING_DIM} numbers; leave dim = {self.dim} out")
        if len(set(self.names)) < len(self.names) or not all(self.names):
            raise ValueError("every speaker has a name of their own")
        return self


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
    speakers: SpeakerConfig | None = None  # None: all is said by one speaker

    @model_serializer(mode="wrap")
    def _dump(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave speakers out where there are none: such a model is described as it was before there were any."""
        values: dict[str, Any] = dump(self)
        return values if self.speakers is not None else {name: value for name, value in values.items() if name != "speakers"}

"""Settings of one request. No torch."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from tts.errors import InputError
from tts.inference.density import Drawing
from tts.inference.voices import VoiceConfig
from tts.text.manner import MAX_SIGMA, check_doses


class SamplingConfig(BaseModel):
    """How one request is spoken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(None, ge=0, le=2)  # factor of the standard deviation; 0 = mode, None = the voice's own
    top_k: int | None = Field(None, ge=1)  # draw from so many of the likeliest codes only; None = from all
    top_p: float | None = Field(None, ge=0, le=1)  # draw from the likeliest codes that have this probability together; None = all
    speed: float = Field(1.0, ge=0.25, le=4)  # 2 is twice as fast
    seed: int | None = Field(None, ge=0, lt=2**63)  # None draws one
    pause: float = Field(0.15, ge=0, le=10)  # seconds of silence between sentences, twice that between paragraphs
    steer: dict[str, float] = {}  # doses along the voice's directions, -3 to 3 standard deviations of its words
    sigma: float = Field(1.0, ge=0, le=MAX_SIGMA)  # factor of the density's standard deviation; 0 gives the mean
    speaker: str | None = None  # name of one of the voice's speakers; None = the first

    @model_serializer(mode="wrap")
    def _dump(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the speaker out where nobody is named, so that what was spoken before keeps its key."""
        values: dict[str, Any] = dump(self)
        return values if self.speaker is not None else {name: value for name, value in values.items() if name != "speaker"}

    @field_validator("steer")
    @classmethod
    def _check_steer(cls, steer: dict[str, float]) -> dict[str, float]:
        return check_doses(steer)

    def drawing(self, voice: VoiceConfig) -> Drawing:
        """How a voice's patches are drawn.

        Raises:
            InputError: top_k or top_p, and the voice has no codes.
        """
        for name, value in (("top_k", self.top_k), ("top_p", self.top_p)):
            if value is not None and voice.acoustic.head.kind != "codes":
                raise InputError(f"{name} = {value}: voice {voice.name!r} draws no codes; leave it out, or take a voice of codes")
        temperature = voice.temperature if self.temperature is None else self.temperature
        return Drawing(temperature, self.top_k, self.top_p)

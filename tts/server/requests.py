"""What callers send: OpenAI's fields, and a few of ours."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tts.inference.sampling import SamplingConfig
from tts.server.desk import Order
from tts.text.manner import MAX_SIGMA, check_doses

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
MAX_NAME = 200  # characters


class VoiceId(BaseModel):
    """A voice as an object."""

    id: str = Field(max_length=MAX_NAME)


class SpeechRequest(BaseModel):
    """Body of /v1/audio/speech. Fields that are not here are ignored, and named in the answer's header X-Ignored."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    model: str = Field(max_length=MAX_NAME)
    input: str = Field(min_length=1)
    voice: str | VoiceId = Field(union_mode="left_to_right")
    response_format: Format = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4)  # 2 is twice as fast
    stream_format: Literal["audio", "sse"] = "audio"
    seed: int | None = Field(None, ge=0, lt=2**63)  # of ours: gives the same audio again
    temperature: float | None = Field(None, ge=0, le=2)  # of ours: liveliness
    pause: float = Field(0.15, ge=0, le=10)  # of ours: seconds of silence between sentences
    sigma: float = Field(1.0, ge=0, le=MAX_SIGMA)  # of ours: factor of the density's deviation
    steer: dict[str, float] = {}  # of ours: doses of pitch, energy, brightness, rate, -3 to 3

    speaker: str | None = Field(None, max_length=MAX_NAME)  # of ours: one of the voice's speakers, by name alone

    @field_validator("steer")
    @classmethod
    def _check_steer(cls, steer: dict[str, float]) -> dict[str, float]:
        return check_doses(steer)

    @property
    def ignored(self) -> str:
        """Names of fields without effect, those fit for a header."""
        names = (name for name in self.model_extra or {} if name.isidentifier() and name.isascii())
        return ", ".join(name[:40] for name, _ in zip(names, range(10), strict=False))

    def order(self) -> Order:
        """What is asked for."""
        names = ("temperature", "speed", "seed", "pause", "sigma", "steer", "speaker")
        sampling = SamplingConfig(**{name: getattr(self, name) for name in names})
        voice = self.voice if isinstance(self.voice, str) else self.voice.id
        return Order(self.input, voice, self.response_format, sampling)


class CaptionedRequest(SpeechRequest):
    """Body of /v1/audio/speech/timestamps."""

    stream: bool = True  # one JSON object a line as it is made, or else a single one
    return_timestamps: bool = True

"""The only definition of mel in this project: 24 kHz, n_fft 1024, hop 256, 100 bands, natural logarithm of the magnitude.

The settings and the filters (not area-normalised) are those of Vocos at 24 kHz (arXiv 2306.00814), but for the floor.
"""

from __future__ import annotations

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torchaudio.transforms import MelSpectrogram

from tts.errors import InputError


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


class LogMel(nn.Module):
    """Computes log-mel frames; frame t is centred on sample t * hop_length, the edges are reflect-padded."""

    def __init__(self, config: MelConfig | None = None) -> None:
        super().__init__()
        self.config = config or MelConfig()
        self.transform = MelSpectrogram(
            sample_rate=self.config.sample_rate,
            n_fft=self.config.n_fft,
            hop_length=self.config.hop_length,
            n_mels=self.config.n_mels,
            power=1.0,
        )

    def forward(self, waveform: Tensor) -> Tensor:
        """Compute the frames of a batch.

        Args:
            waveform: (B, N) mono audio in [-1, 1] at config.sample_rate.

        Returns:
            (B, T, n_mels) natural-log magnitude, T = ceil(N / hop_length), floored at log(config.floor).

        Raises:
            InputError: the audio is shorter than half a window.
        """
        if waveform.shape[-1] <= self.config.n_fft // 2:
            raise InputError(f"{waveform.shape[-1]} samples of audio are too few: a mel needs more than {self.config.n_fft // 2}")
        n_frames = -(-waveform.shape[-1] // self.config.hop_length)
        magnitude = self.transform(waveform.float())[..., :n_frames]
        return torch.log(magnitude.clamp_min(self.config.floor)).transpose(1, 2)

"""The definition of mel in this project: 24 kHz, n_fft 1024, hop 256, 100 bands, natural logarithm of the magnitude.

The settings and the filters (not area-normalised) are those of Vocos at 24 kHz (arXiv 2306.00814), but for the floor.
`mel_config.py` has both; `listening.py` computes the same in numpy.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchaudio.transforms import Spectrogram

from tts.audio.mel_config import MelConfig, mel_filters
from tts.errors import InputError

__all__ = ["LogMel", "MelConfig"]


class LogMel(nn.Module):
    """Computes log-mel frames; frame t is centred on sample t * hop_length, the edges are reflect-padded."""

    filters: Tensor  # (n_fft / 2 + 1, n_mels)

    def __init__(self, config: MelConfig | None = None) -> None:
        super().__init__()
        self.config = config or MelConfig()
        self.spectrogram = Spectrogram(n_fft=self.config.n_fft, hop_length=self.config.hop_length, power=1.0)
        self.register_buffer("filters", torch.from_numpy(mel_filters(self.config)).float(), persistent=False)

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
        magnitude = self.spectrogram(waveform.float())[..., :n_frames].transpose(1, 2) @ self.filters
        return torch.log(magnitude.clamp_min(self.config.floor))

"""Small spectrogram discriminators for the vocoder's last phase of training (multi-resolution, as in arXiv 2106.07889).

Each reads the log-compressed complex STFT at one resolution as an image of two channels. Letters: B batch, N samples, T frames.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from tts.codec.losses import RESOLUTIONS


class SpectrogramDiscriminator(nn.Module):
    """Scores patches of the STFT at one resolution."""

    def __init__(self, n_fft: int, hop_length: int, channels: int) -> None:
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length

        def conv(inputs: int, stride: int) -> nn.Module:
            return weight_norm(nn.Conv2d(inputs, channels, (5, 3), (stride, 1), (2, 1)))

        self.convs = nn.ModuleList([conv(2, 4), conv(channels, 2), conv(channels, 2), conv(channels, 2)])
        self.score = weight_norm(nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Score (B, N) samples; returns a map of scores and the hidden maps."""
        window = torch.hann_window(self.n_fft, device=waveform.device)
        spectrum = torch.stft(waveform, self.n_fft, self.hop_length, window=window, center=False, return_complex=True)
        magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-8)
        compressed = magnitude.pow(-0.7)  # a power of 0.3 for the magnitude keeps quiet parts visible
        x = torch.stack((spectrum.real * compressed, spectrum.imag * compressed), dim=1)  # (B, 2, bins, T)
        hidden = []
        for layer in self.convs:
            x = functional.leaky_relu(layer(x), 0.1)
            hidden.append(x)
        return self.score(x), hidden


class Discriminators(nn.Module):
    """One SpectrogramDiscriminator per resolution."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.parts = nn.ModuleList(SpectrogramDiscriminator(n_fft, hop, channels) for n_fft, hop in RESOLUTIONS)

    def forward(self, waveform: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Score (B, N) samples with every discriminator; returns their scores and their hidden maps."""
        results = [part(waveform) for part in self.parts]
        return [score for score, _ in results], [hidden for _, hidden in results]

"""The vocoder network: mel frames to the parameters of a source-filter spectrum, one set per frame.

A causal ConvNeXt stack reads the mel `lookahead` frames ahead of what it gives out, so that it streams. Per frame it predicts
F0 and, for every bin of the spectrum: a log amplitude and a phase offset for a harmonic source, a log amplitude for noise, and
a log amplitude with a phase of its own (the free branch). `synthesis.py` turns these into sound; no inverse transform is in the
network, which keeps it exportable. Source of the layout: Vocos (arXiv 2306.00814) for the backbone and the iSTFT, hibari-tts
(Apache-2.0) for the three branches. Letters: B batch, T frames, F mel bands, D width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.functional import melscale_fbanks

from tts.codec.config import VocoderConfig
from tts.nn.conv import ConvNeXtBlock

N_BRANCHES = 5  # harmonic amplitude, harmonic phase, noise amplitude, free amplitude, free phase


@dataclass
class SourceFilter:
    """Parameters of the spectrum, frame by frame.

    Attributes:
        f0: (B, T) fundamental frequency in Hz; continuous through unvoiced frames.
        log_harmonic: (B, T, n_bins) natural-log amplitude of the harmonic source.
        harmonic_phase: (B, T, n_bins) phase offset of the harmonic source, radians.
        log_noise: (B, T, n_bins) natural-log amplitude of the noise.
        log_free: (B, T, n_bins) natural-log amplitude of the free branch.
        free_phase: (B, T, n_bins) phase of the free branch, radians.
    """

    f0: Tensor
    log_harmonic: Tensor
    harmonic_phase: Tensor
    log_noise: Tensor
    log_free: Tensor
    free_phase: Tensor


class Vocoder(nn.Module):
    """Mel frames (B, T, F) to SourceFilter (B, T)."""

    blocks: Sequence[ConvNeXtBlock]
    mel_to_bins: Tensor
    mel_offset: Tensor

    def __init__(self, config: VocoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VocoderConfig()
        self.embed = nn.Linear(config.n_mels, config.width)
        self.norm = nn.LayerNorm(config.width)
        blocks = (ConvNeXtBlock(config.width, config.hidden, config.kernel_size) for _ in range(config.n_blocks))
        self.blocks = nn.ModuleList(blocks)  # type: ignore[assignment]
        self.head_norm = nn.LayerNorm(config.width)
        self.f0_head = nn.Linear(config.width, 1)
        self.head = nn.Linear(config.width, N_BRANCHES * config.n_bins)
        nn.init.zeros_(self.f0_head.weight)
        nn.init.constant_(self.f0_head.bias, 5.2)  # log of 180 Hz
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        with torch.no_grad():
            self.head.bias.view(N_BRANCHES, -1)[2:4] = -2.0  # start with most of the energy in the harmonics
        self.register_buffer("mel_to_bins", _mel_to_bins(config), persistent=False)
        self.register_buffer("mel_offset", _mel_offset(config), persistent=False)

    def init_state(self, batch_size: int) -> list[Tensor]:
        """Make the state before the first frame: one (B, kernel_size - 1, D) tensor per block."""
        return [block.depthwise.init_state(batch_size) for block in self.blocks]

    def forward(self, mel: Tensor) -> SourceFilter:
        """Predict all frames of whole utterances; the mel's end is continued with its last frame.

        Args:
            mel: (B, T, F) natural-log mel.

        Returns:
            Parameters of T frames.
        """
        ahead = self.config.lookahead
        padded = torch.cat((mel, mel[:, -1:].expand(-1, ahead, -1)), dim=1)
        return self.parameters_of(self.step(padded)[:, ahead:], mel)

    def step(self, mel: Tensor, state: list[Tensor] | None = None) -> Tensor:
        """Run the backbone on the next frames; output frame t belongs to mel frame t - lookahead.

        Args:
            mel: (B, T, F) natural-log mel.
            state: from init_state, updated in place; None starts empty and forgets.

        Returns:
            (B, T, D) hidden frames.
        """
        x = self.norm(self.embed(mel * 0.25 + 1.0))  # brings log-mel, -11.5 to 4, near unit scale
        for index, block in enumerate(self.blocks):
            x = block(x, None if state is None else state[index])
        return self.head_norm(x)

    def parameters_of(self, hidden: Tensor, mel: Tensor) -> SourceFilter:
        """Read the spectrum's parameters from hidden frames (B, T, D) and the mel frames (B, T, F) that they belong to."""
        envelope = functional.linear(mel.float() - self.mel_offset, self.mel_to_bins)  # (B, T, n_bins)
        log_harmonic, phase, log_noise, log_free, free_phase = self.head(hidden).float().chunk(N_BRANCHES, dim=-1)
        return SourceFilter(
            f0=self.f0_head(hidden).float().squeeze(-1).clamp(3.7, 6.7).exp(),
            log_harmonic=(log_harmonic + envelope).clamp_max(6.0),
            harmonic_phase=torch.pi * torch.tanh(phase),
            log_noise=(log_noise + envelope).clamp_max(6.0),
            log_free=(log_free + envelope).clamp_max(6.0),
            free_phase=free_phase,
        )


def _filters(config: VocoderConfig) -> Tensor:
    """(n_bins, n_mels) triangular filters, the same as the mel's."""
    return melscale_fbanks(config.n_bins, 0.0, config.sample_rate / 2, config.n_mels, config.sample_rate)


def _mel_offset(config: VocoderConfig) -> Tensor:
    """(n_mels,) natural log of each filter's sum: subtracting it makes a band's value the mean log magnitude of its bins."""
    return _filters(config).sum(0).clamp_min(1e-3).log()


def _mel_to_bins(config: VocoderConfig) -> Tensor:
    """(n_bins, n_mels) weights that interpolate linearly between the centres of the bands."""
    filters = _filters(config)
    bins = torch.arange(config.n_bins, dtype=torch.float32)
    centres = (filters * bins[:, None]).sum(0) / filters.sum(0).clamp_min(1e-6)
    place = torch.searchsorted(centres, bins).clamp(1, config.n_mels - 1)
    low, high = centres[place - 1], centres[place]
    upper = ((bins - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    weights = torch.zeros(config.n_bins, config.n_mels)
    weights[torch.arange(config.n_bins), place - 1] = 1 - upper
    weights[torch.arange(config.n_bins), place] += upper
    return weights

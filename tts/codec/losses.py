"""Spectral and adversarial losses of the vocoder. Letters: B batch, N samples, T frames."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))  # n_fft, hop_length in samples


def stft_magnitude(waveform: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Magnitude (B, n_fft / 2 + 1, T) under a Hann window, floored at 1e-5."""
    window = torch.hann_window(n_fft, device=waveform.device)
    spectrum = torch.stft(waveform, n_fft, hop_length, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-10)


def compute_multi_resolution_loss(
    generated: Tensor, real: Tensor, sum_parts: Callable[[Tensor], Tensor] | None = None, n_parts: int = 1
) -> Tensor:
    """Mean over three resolutions of spectral convergence plus L1 of log magnitude (Parallel WaveGAN, arXiv 1910.11480, eq. 4-6).

    Args:
        generated: (B, N) samples.
        real: (B, N) samples.
        sum_parts: when these are one of several equal parts of a batch, what sums a number over them; the loss is the batch's.
        n_parts: how many there are.
    """

    def norm(x: Tensor) -> Tensor:
        return torch.linalg.norm(x) if sum_parts is None else sum_parts(x.square().sum()).sqrt()

    total = generated.new_zeros(())
    for n_fft, hop_length in RESOLUTIONS:
        with torch.no_grad():
            target = stft_magnitude(real, n_fft, hop_length)
        magnitude = stft_magnitude(generated, n_fft, hop_length)
        convergence = norm(magnitude - target) / norm(target).clamp_min(1e-3)
        distance = functional.l1_loss(magnitude.log(), target.log())
        total = total + convergence + (distance if sum_parts is None else sum_parts(distance / n_parts))
    return total / len(RESOLUTIONS)


def compute_discriminator_loss(real: list[Tensor], generated: list[Tensor]) -> Tensor:
    """Hinge loss of the discriminators: mean over them of relu(1 - real) + relu(1 + generated)."""
    return torch.stack(
        [functional.relu(1 - a).mean() + functional.relu(1 + b).mean() for a, b in zip(real, generated, strict=True)]
    ).mean()


def compute_adversarial_loss(generated: list[Tensor]) -> Tensor:
    """Hinge loss of the generator: mean over the discriminators of relu(1 - generated)."""
    return torch.stack([functional.relu(1 - score).mean() for score in generated]).mean()


def compute_feature_loss(real: list[list[Tensor]], generated: list[list[Tensor]]) -> Tensor:
    """Mean L1 between the discriminators' hidden maps for real and generated audio."""
    pairs = [(a, b) for x, y in zip(real, generated, strict=True) for a, b in zip(x, y, strict=True)]
    return torch.stack([functional.l1_loss(b, a.detach()) for a, b in pairs]).mean()

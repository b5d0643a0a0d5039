"""Sound from the vocoder's parameters, whole and differentiable (PyTorch): the reference, and what training uses.

    S = exp(log_harmonic) e^{i harmonic_phase} STFT(pulses(f0)) + exp(log_noise) Z + exp(log_free) e^{i free_phase}

with Z complex Gaussian noise, then one inverse STFT. The streaming twin without torch is `synthesis.py`; a test keeps them equal.
Letters: B batch, T frames, N samples.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tts.codec.config import MAX_HARMONIC_HZ, VocoderConfig
from tts.codec.vocoder import SourceFilter


def pulse_train(f0: Tensor, config: VocoderConfig) -> Tensor:
    """Make a band-limited pulse train: every harmonic below 11 kHz with amplitude 1.

    sum_{h<=H} cos(h t) = sin((H + 1/2) t) / (2 sin(t / 2)) - 1/2, with t the running phase.

    Args:
        f0: (B, T) Hz, above 0; frame t is the value at sample t * hop_length, between them it is linear.
        config: sample rate and hop.

    Returns:
        (B, T * hop_length) samples; phase 0 at the first.
    """
    hop = config.hop_length
    following = torch.cat((f0[:, 1:], f0[:, -1:]), dim=1)
    ramp = torch.arange(hop, device=f0.device, dtype=f0.dtype) / hop
    frequency = (f0[..., None] + (following - f0)[..., None] * ramp).flatten(1)  # (B, N)
    cycles = torch.cumsum(frequency.double() / config.sample_rate, dim=1)
    cycles = cycles - frequency[:, :1].double() / config.sample_rate
    phase = (2 * torch.pi * (cycles - cycles.floor())).to(f0.dtype)
    order = torch.floor(MAX_HARMONIC_HZ / frequency) + 0.5
    half = 2 * torch.sin(phase / 2)
    near_peak = half.abs() <= 2e-3
    ratio = torch.sin(order * phase) / torch.where(near_peak, 1.0, half)
    return torch.where(near_peak, order, ratio) - 0.5


def source_spectrum(f0: Tensor, config: VocoderConfig) -> Tensor:
    """STFT (B, T, n_bins) of the pulse train, scaled so that an isolated harmonic has magnitude 1."""
    pulses = pulse_train(f0, config)
    window = torch.hann_window(config.n_fft, device=f0.device)
    padded = functional.pad(pulses, (config.n_fft // 2, config.n_fft // 2))
    spectrum = torch.stft(padded, config.n_fft, config.hop_length, window=window, center=False, return_complex=True)
    return spectrum[..., : f0.shape[1]].transpose(1, 2) / (config.n_fft / 4)


def synthesize(parameters: SourceFilter, config: VocoderConfig, noise: Tensor, f0: Tensor | None = None) -> Tensor:
    """Turn parameters into a waveform.

    Args:
        parameters: T frames of them.
        config: the vocoder's settings.
        noise: (B, T, n_bins, 2) normal numbers of variance 1/2 each, real and imaginary part.
        f0: (B, T) Hz to use in place of the predicted one.

    Returns:
        (B, T * hop_length) samples.
    """
    source = source_spectrum(parameters.f0 if f0 is None else f0, config)
    spectrum = (
        source * torch.polar(parameters.log_harmonic.exp(), parameters.harmonic_phase)
        + torch.view_as_complex(noise) * parameters.log_noise.exp()
        + torch.polar(parameters.log_free.exp(), parameters.free_phase)
    )
    window = torch.hann_window(config.n_fft, device=source.device)
    return inverse_stft(spectrum.transpose(1, 2), config, window)


def inverse_stft(spectrum: Tensor, config: VocoderConfig, window: Tensor) -> Tensor:
    """Inverse STFT of (B, n_bins, T) to (B, T * hop_length): centred frames, one more empty frame at the end."""
    closed = functional.pad(spectrum, (0, 1))
    return torch.istft(closed, config.n_fft, config.hop_length, window=window, length=spectrum.shape[2] * config.hop_length)

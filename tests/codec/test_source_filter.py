"""The source against a sum of cosines, the inverse STFT against torch's, and the streaming twin against the whole."""

import math

import numpy as np
import pytest
import torch

from tts.codec.config import MAX_HARMONIC_HZ, VocoderConfig
from tts.codec.source_filter import inverse_stft, pulse_train, source_spectrum, synthesize
from tts.codec.synthesis import MIN_FRAMES, SpectrumFrames, SynthesisStream


def test_a_pulse_train_is_the_sum_of_its_harmonics():
    config, f0 = VocoderConfig(), 150.0
    pulses = pulse_train(torch.full((1, 5), f0), config)[0].double()
    phase = 2 * torch.pi * f0 / config.sample_rate * torch.arange(len(pulses), dtype=torch.float64)
    harmonics = torch.arange(1, int(MAX_HARMONIC_HZ / f0) + 1, dtype=torch.float64)
    expected = torch.cos(harmonics[:, None] * phase).sum(0)
    torch.testing.assert_close(pulses, expected, rtol=0, atol=0.03)  # 73 at the peaks


def test_a_pulse_train_follows_a_glide():
    config = VocoderConfig()
    f0 = torch.linspace(100, 300, 12)[None]
    pulses = pulse_train(f0, config)[0]
    following = torch.cat((f0[0, 1:], f0[0, -1:]))
    ramp = torch.arange(config.hop_length) / config.hop_length
    frequency = (f0[0, :, None] + (following - f0[0])[:, None] * ramp).flatten().double()
    cycles = torch.cumsum(frequency, 0) / config.sample_rate
    periods = int(cycles[-1] - cycles[0])
    peaks = (pulses[1:-1] > 20) & (pulses[1:-1] >= pulses[:-2]) & (pulses[1:-1] > pulses[2:])
    assert abs(int(peaks.sum()) - periods) <= 1


def test_an_isolated_harmonic_has_magnitude_one():
    spectrum = source_spectrum(torch.full((1, 20), 2_000.0), VocoderConfig())[0, 8].abs()
    assert spectrum[round(2_000 / 24_000 * 1024)] == pytest.approx(1, abs=0.2)  # the harmonic lies between two bins
    assert spectrum[round(3_000 / 24_000 * 1024)] < 0.01


def test_the_inverse_stft_gives_back_the_waveform():
    config = VocoderConfig(n_fft=64, hop_length=16)
    waveform = torch.randn(2, 20 * 16, generator=torch.Generator().manual_seed(0))
    window = torch.hann_window(64)
    spectrum = torch.stft(waveform, 64, 16, window=window, center=True, pad_mode="constant", return_complex=True)
    again = inverse_stft(spectrum[..., :-1], config, window)
    assert again.shape == waveform.shape
    torch.testing.assert_close(again[:, :-32], waveform[:, :-32], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(again[:, :-32], torch.istft(spectrum, 64, 16, window=window)[:, :-32], rtol=1e-4, atol=1e-5)


class FixedNoise:
    """Stands in for a generator: hands out numbers that were drawn before."""

    def __init__(self, noise: np.ndarray) -> None:
        self.noise, self.place = noise, 0

    def standard_normal(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        part = self.noise[self.place : self.place + shape[0]].astype(dtype)
        self.place += shape[0]
        return part


def streamed(parameters, config, noise: np.ndarray, chunks: list[int]) -> np.ndarray:
    frames = SpectrumFrames(*(getattr(parameters, name)[0].numpy() for name in SpectrumFrames.__dataclass_fields__))
    stream = SynthesisStream(config, FixedNoise(noise))
    parts, place = [], 0
    for size in chunks:
        parts.append(stream.push(frames[place : place + size]))
        place += size
    return np.concatenate((*parts, stream.finish()))


@pytest.mark.parametrize("chunks", [[19], [1] * 19, [4, 1, 7, 7], [2, 17], [16, 3]])
@pytest.mark.parametrize("hop_length", [16, 256])
def test_the_stream_without_torch_equals_the_whole(vocoder, mel, chunks, hop_length):
    config = vocoder.config.model_copy(update={"hop_length": hop_length, "n_fft": 4 * hop_length})
    with torch.no_grad():
        parameters = vocoder(mel[:1])
        bins = config.n_bins
        for name in ("log_harmonic", "harmonic_phase", "log_noise", "log_free", "free_phase"):
            value = getattr(parameters, name)
            setattr(parameters, name, value.repeat(1, 1, math.ceil(bins / value.shape[-1]))[..., :bins].contiguous())
        noise = torch.randn((19, bins, 2), generator=torch.Generator().manual_seed(2))
        whole = synthesize(parameters, config, noise[None] * 0.5**0.5)[0].numpy()
    audio = streamed(parameters, config, noise.numpy(), chunks)
    assert audio.shape == whole.shape
    np.testing.assert_allclose(audio, whole, rtol=1e-3, atol=2e-4 * np.abs(whole).max())


@pytest.mark.parametrize("n_frames", [MIN_FRAMES, 4, 5])
def test_the_shortest_utterances_stream_too(vocoder, mel, config, n_frames):
    with torch.no_grad():
        parameters = vocoder(mel[:1, :n_frames])
        noise = torch.randn((n_frames, config.n_bins, 2), generator=torch.Generator().manual_seed(2))
        whole = synthesize(parameters, config, noise[None] * 0.5**0.5)[0].numpy()
    audio = streamed(parameters, config, noise.numpy(), [1] * n_frames)
    np.testing.assert_allclose(audio, whole, rtol=1e-3, atol=2e-4 * np.abs(whole).max())


def test_samples_come_out_before_the_end(vocoder, mel, config):
    with torch.no_grad():
        parameters = vocoder(mel[:1])
    frames = SpectrumFrames(*(getattr(parameters, name)[0].numpy() for name in SpectrumFrames.__dataclass_fields__))
    audio = SynthesisStream(config, np.random.default_rng(0)).push(frames[:10])
    assert len(audio) == (10 - 2 - 2) * config.hop_length  # two frames of F0 and half a window are waited for


def test_an_utterance_of_two_frames_is_refused(vocoder, mel, config):
    stream = SynthesisStream(config, np.random.default_rng(0))
    with torch.no_grad():
        parameters = vocoder(mel[:1, :2])
    stream.push(SpectrumFrames(*(getattr(parameters, name)[0].numpy() for name in SpectrumFrames.__dataclass_fields__)))
    with pytest.raises(AssertionError, match="no middle"):
        stream.finish()

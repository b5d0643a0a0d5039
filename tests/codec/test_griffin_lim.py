"""The untrained fallback: its sound has the mel that was asked for."""

import torch

from tts.audio.mel import LogMel, MelConfig
from tts.codec.griffin_lim import griffin_lim, invert_mel


def tone(n_samples: int = 12_000) -> torch.Tensor:
    time = torch.arange(n_samples) / 24_000
    tone = sum(torch.cos(2 * torch.pi * 150 * k * time) / k for k in range(1, 40))
    return 0.1 * tone[None] + 0.003 * torch.randn(1, n_samples, generator=torch.Generator().manual_seed(0))


def test_the_sound_has_the_mel_that_was_asked_for():
    mel = LogMel()(tone())
    audio = griffin_lim(mel)
    assert audio.shape == (1, mel.shape[1] * 256)
    assert (LogMel()(audio) - mel).abs().mean() < 0.15


def test_more_iterations_come_nearer():
    mel = LogMel()(tone())
    errors = [(LogMel()(griffin_lim(mel, n_iterations=n)) - mel).abs().mean() for n in (1, 32)]
    assert errors[1] < 0.7 * errors[0]


def test_the_same_mel_gives_the_same_samples():
    mel = LogMel()(tone(4_000))
    assert torch.equal(griffin_lim(mel, n_iterations=3), griffin_lim(mel, n_iterations=3))


def test_the_spectrum_behind_a_mel_gives_that_mel():
    config = MelConfig()
    mel = LogMel(config)(tone())
    filters = LogMel(config).filters
    again = torch.log(invert_mel(mel, config) @ filters).clamp_min(torch.log(torch.tensor(config.floor)))
    assert (again - mel).abs().mean() < 0.05

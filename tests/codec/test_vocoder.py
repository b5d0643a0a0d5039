"""The vocoder's network: streaming equals offline, bounded lookahead, gradients, bounds of its outputs."""

import pytest
import torch

from tts.codec.source_filter import synthesize
from tts.codec.vocoder import Vocoder


@pytest.mark.parametrize("chunks", [[19], [1] * 19, [5, 1, 9, 4], [2, 17]])
def test_streaming_equals_offline(vocoder, mel, chunks):
    state = vocoder.init_state(2)
    with torch.no_grad():
        parts = [vocoder.step(part, state) for part in mel.split(chunks, dim=1)]
        torch.testing.assert_close(torch.cat(parts, 1), vocoder.step(mel), rtol=1e-5, atol=1e-5)


def test_forward_is_step_read_lookahead_frames_later(vocoder, mel):
    ahead = vocoder.config.lookahead
    continued = torch.cat((mel, mel[:, -1:].expand(-1, ahead, -1)), 1)
    expected = vocoder.parameters_of(vocoder.step(continued)[:, ahead:], mel)
    for name, value in vars(vocoder(mel)).items():
        torch.testing.assert_close(value, getattr(expected, name), rtol=0, atol=0)


def test_frames_beyond_the_lookahead_do_not_change_earlier_output(vocoder, mel):
    changed = mel.clone()
    changed[:, 12:] += 1
    first, second = vocoder(mel), vocoder(changed)
    seen = 12 - vocoder.config.lookahead
    torch.testing.assert_close(second.log_noise[:, :seen], first.log_noise[:, :seen], rtol=0, atol=1e-6)
    assert not torch.equal(second.log_noise[:, seen], first.log_noise[:, seen])


def test_a_batch_gives_what_its_rows_give(vocoder, mel):
    torch.testing.assert_close(vocoder(mel).log_harmonic[1:], vocoder(mel[1:]).log_harmonic, rtol=1e-4, atol=1e-5)


def test_outputs_stay_in_bounds(vocoder, mel):
    out = vocoder(mel * 100)
    assert out.f0.min() > 40 and out.f0.max() < 820
    assert max(out.log_harmonic.max(), out.log_noise.max(), out.log_free.max()) <= 6
    assert out.harmonic_phase.abs().max() <= torch.pi + 1e-6


def test_an_untrained_vocoder_follows_the_mel(config):
    torch.manual_seed(0)
    model = Vocoder(config)
    quiet, loud = torch.full((1, 8, 10), -6.0), torch.full((1, 8, 10), -2.0)
    difference = model(loud).log_harmonic.mean() - model(quiet).log_harmonic.mean()
    assert 3 < difference < 5
    torch.testing.assert_close(model(loud).f0, torch.full((1, 8), 180.0), rtol=0.02, atol=0)


def test_the_gradient_reaches_every_parameter(vocoder, mel, config):
    out = vocoder(mel)
    noise = torch.randn((*out.log_noise.shape, 2), generator=torch.Generator().manual_seed(0))
    (synthesize(out, config, noise).square().mean() + out.f0.log().mean()).backward()
    silent = [name for name, parameter in vocoder.named_parameters() if parameter.grad is None or not parameter.grad.any()]
    assert silent == []

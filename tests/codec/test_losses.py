"""Spectral and adversarial losses of the vocoder."""

import torch

from tts.codec.discriminators import Discriminators
from tts.codec.losses import (
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_loss,
    compute_multi_resolution_loss,
    stft_magnitude,
)


def noise(seed: int) -> torch.Tensor:
    return 0.1 * torch.randn(2, 4_096, generator=torch.Generator().manual_seed(seed))


def test_the_spectral_loss_is_zero_for_equal_sounds_and_grows_with_the_difference():
    real = noise(0)
    near, far = (compute_multi_resolution_loss(real + scale * noise(1), real) for scale in (0.1, 1.0))
    assert compute_multi_resolution_loss(real, real) < 1e-6 < near < far


def test_the_spectral_loss_does_not_hear_the_sign():
    real = noise(0)
    assert compute_multi_resolution_loss(-real, real) < 1e-6


def test_the_magnitude_of_a_cosine():
    time = torch.arange(4_096) / 512
    magnitude = stft_magnitude(torch.cos(2 * torch.pi * 64 * time)[None], 512, 128)
    torch.testing.assert_close(magnitude[0, 64, 3], torch.tensor(128.0), rtol=1e-3, atol=0)


def test_hinge_losses_by_hand():
    real, fake = [torch.tensor([0.5, 2.0])], [torch.tensor([-2.0, 0.0])]
    assert compute_discriminator_loss(real, fake) == 0.25 + 0.5
    assert compute_adversarial_loss(fake) == (3 + 1) / 2
    assert compute_feature_loss([real], [fake]) == (2.5 + 2.0) / 2


def test_the_gradient_reaches_every_parameter_of_the_discriminators():
    torch.manual_seed(0)
    model = Discriminators(channels=2)
    scores, hidden = model(noise(0))
    assert len(scores) == 3 and all(len(maps) == 4 for maps in hidden)
    compute_adversarial_loss(scores).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_the_feature_loss_teaches_the_generator_alone():
    real, fake = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    compute_feature_loss([[real]], [[fake]]).backward()
    assert real.grad is None and fake.grad is not None

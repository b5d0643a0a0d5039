"""Training of the vocoder: crops, losses that fall, discriminators that come in late."""

import numpy as np
import pytest
import torch

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.training.recipes import build_task
from tts.training.vocoder import SegmentSampler, VocoderTaskConfig

CONFIG = VocoderTaskConfig(batch_size=6, segment_frames=20)


@pytest.fixture
def sampler(features) -> SegmentSampler:
    return SegmentSampler(FeatureFolder(features, "train"), CONFIG, 64, 3)


def test_a_crop_holds_mel_f0_and_samples_of_the_same_place(sampler):
    batch = sampler.batch(0, 0)
    assert batch["mel"].shape == (6, 23, 20) and batch["f0"].shape == (6, 20) and batch["waveform"].shape == (6, 20 * 64)
    for row in range(6):
        assert any(is_crop(sampler.data[index], batch, row) for index in range(len(sampler.data)))


def is_crop(utterance, batch: dict, row: int) -> bool:
    mel, samples = utterance.mel.astype(np.float32), utterance.waveform.astype(np.float32) / 32767
    for start in range(len(mel) - 20 + 1):
        if np.array_equal(mel[start : start + 20], batch["mel"][row, :20]):
            ahead = mel[np.arange(start + 20, start + 23).clip(max=len(mel) - 1)]
            piece = samples[start * 64 : (start + 20) * 64]
            same_f0 = np.array_equal(utterance.f0[start : start + 20], batch["f0"][row])
            same_audio = np.array_equal(piece, batch["waveform"][row, : len(piece)])
            return same_f0 and same_audio and np.array_equal(ahead, batch["mel"][row, 20:])
    return False


def test_the_draw_is_a_function_of_seed_and_step(sampler):
    first, again = sampler.batch(1, 5), sampler.batch(1, 5)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["mel"], sampler.batch(1, 6)["mel"])
    assert not torch.equal(first["mel"], sampler.batch(2, 5)["mel"])


def test_a_corpus_of_clips_shorter_than_a_crop_is_refused(features):
    config = VocoderTaskConfig(segment_frames=4_000)
    with pytest.raises(InputError, match="no utterance is longer than segment_frames = 4000"):
        SegmentSampler(FeatureFolder(features, "train"), config, 64, 3)


def test_the_spectral_loss_falls(make_recipe):
    settings = {"steps": 40, "adversarial_start": 40, "batch_size": 4}
    task = build_task(make_recipe("vocoder", task=settings, optim={"lr": 3e-3}), "cpu")
    losses = [task.train_step(task.batch(step)) for step in range(40)]

    def mean(name: str, part: slice) -> float:
        return float(torch.stack([row[name] for row in losses[part]]).mean())

    assert mean("loss_stft", slice(-8, None)) < 0.9 * mean("loss_stft", slice(5))
    assert mean("loss_f0", slice(-8, None)) < 0.8 * mean("loss_f0", slice(5))


def test_the_discriminators_come_in_at_their_step(make_recipe):
    task = build_task(make_recipe("vocoder"), "cpu")
    before = [parameter.detach().clone() for parameter in task.discriminators.parameters()]
    rows = [task.train_step(task.batch(step)) for step in range(5)]
    assert ["loss_adversarial" in row for row in rows] == [False, False, False, True, True]
    assert task.critic.steps == 2 and task.updater.steps == 5
    after = list(task.discriminators.parameters())
    assert all(parameter.requires_grad for parameter in after)
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("adversarial_start", [0, 6])
def test_the_gradient_reaches_every_parameter(make_recipe, adversarial_start):
    task = build_task(make_recipe("vocoder", task={"adversarial_start": adversarial_start}), "cpu")
    for _ in range(2):  # the head of F0 starts at zero, and what lies under it has no gradient from it at first
        task.train_step(task.batch(0))
    silent = [name for name, p in task.model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_f0_is_learned_from_voiced_frames_alone(make_recipe):
    task = build_task(make_recipe("vocoder"), "cpu")
    batch = {"f0": torch.tensor([[200.0, -900.0, 100.0]])}
    f0 = torch.tensor([[200.0, 5.0, 100.0 * np.e]])
    torch.testing.assert_close(task._f0_loss(f0, batch), torch.tensor(0.5))
    assert task._f0_loss(f0, {"f0": -batch["f0"].abs()}) == 0


def test_validation_uses_noise_of_its_own_and_changes_nothing(make_recipe):
    task = build_task(make_recipe("vocoder"), "cpu")
    state = task.generator.get_state()
    first, second = task.validate(), task.validate()
    assert first == second and torch.equal(state, task.generator.get_state())

"""Training of the vocoder: multi-resolution STFT loss and F0 first, small STFT discriminators from a later step on.

While the discriminators are off, the loss is spectral alone. F0 is supervised on voiced frames; the harmonic source runs on the
true F0 in training. Letters: B batch, T frames of a segment, N samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.codec.discriminators import Discriminators
from tts.codec.losses import (
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_loss,
    compute_multi_resolution_loss,
)
from tts.codec.source_filter import synthesize
from tts.codec.vocoder import Vocoder
from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.training.distributed import ALONE, Rows, World, current_world
from tts.training.optim import OptimConfig, Updater

Batch = dict[str, Tensor]
N_VALIDATION_BATCHES = 4


class VocoderTaskConfig(BaseModel):
    """Settings of the vocoder's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(20_000, gt=0)
    batch_size: int = Field(16, gt=0)
    segment_frames: int = Field(40, gt=8)  # frames per training crop
    margin_frames: int = Field(3, ge=0)  # frames at both ends of a crop that no loss reads
    adversarial_start: int = Field(6_000, ge=0)  # step from which the discriminators take part
    adversarial_batch: int = Field(8, gt=0)  # crops of a batch that the discriminators read; they cost the most
    adversarial_weight: float = Field(0.1, ge=0)
    feature_weight: float = Field(1.0, ge=0)
    f0_weight: float = Field(3.0, ge=0)
    predicted_f0: bool = False  # drive the source with the predicted F0 (for fine-tuning on generated mels)
    bf16: bool = True  # bfloat16 autocast in the network


class SegmentSampler:
    """Draws crops of random utterances, longer utterances more often; the draw is a function of seed and step."""

    def __init__(self, data: FeatureFolder, config: VocoderTaskConfig, hop_length: int, lookahead: int) -> None:
        """Prepare the draw.

        Raises:
            InputError: no utterance is longer than a crop.
        """
        self.data, self.config, self.hop, self.lookahead = data, config, hop_length, lookahead
        weights = np.maximum(data.n_frames - config.segment_frames, 0).astype(np.float64)
        if not weights.any():
            longest = int(data.n_frames.max())
            raise InputError(
                f"no utterance is longer than segment_frames = {config.segment_frames}: the longest has {longest} frames"
            )
        self._shares = (weights / weights.sum()).cumsum()  # numpy's `choice` would sum them up for every batch
        self._shares /= self._shares[-1]

    def batch(self, seed: int, step: int, world: World = ALONE) -> Batch:
        """Make the batch of a step, or a process's part of it: mel (B, T + lookahead, F), f0 (B, T), waveform (B, T * hop)."""
        rng = np.random.default_rng((seed, step))
        chosen = self._shares.searchsorted(rng.random(self.config.batch_size), side="right")
        length = self.config.segment_frames
        starts = [int(rng.integers(0, self.data.n_frames[index] - length + 1)) for index in chosen]
        mels, f0s, waveforms = [], [], []
        for index, start in list(zip(chosen, starts, strict=True))[world.rank :: world.size]:
            utterance = self.data[int(index)]
            mel = utterance.mel
            frames = np.arange(start, start + length + self.lookahead).clip(0, len(mel) - 1)
            mels.append(np.asarray(mel[frames], np.float32))
            f0s.append(np.asarray(utterance.f0[start : start + length]))
            samples = np.zeros(length * self.hop, np.float32)
            piece = utterance.waveform[start * self.hop : (start + length) * self.hop]
            samples[: len(piece)] = piece.astype(np.float32) / 32767
            waveforms.append(samples)
        return {name: torch.from_numpy(np.stack(parts)) for name, parts in (("mel", mels), ("f0", f0s), ("waveform", waveforms))}


class VocoderTask:
    """Trains a Vocoder on segments.

    Args:
        model: the network.
        train: crops to learn from.
        valid: crops of held-out utterances.
        config: settings.
        optim: optimiser of the network.
        seed: of the noise and the draws.
        device: where it runs.

    Raises:
        InputError: the processes cannot have equal parts of a batch.
    """

    def __init__(
        self,
        model: Vocoder,
        train: SegmentSampler,
        valid: SegmentSampler,
        config: VocoderTaskConfig,
        optim: OptimConfig,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model, self.config, self.device = model.to(device), config, torch.device(device)
        self.train, self.valid, self.seed, self.steps = train, valid, seed, config.steps
        self.world = current_world()
        for name in ("batch_size", "adversarial_batch"):
            if getattr(config, name) % self.world.size:
                raise InputError(f"task.{name} = {getattr(config, name)}: must be a multiple of the {self.world.size} processes")
        self.updater = Updater(model, optim, config.steps, self.generate)
        self.discriminators = Discriminators().to(device)
        late = OptimConfig(lr=5e-4, lr_end=1e-5, warmup_steps=50, beta1=0.5, beta2=0.9, weight_decay=0.0)
        self.critic = Updater(self.discriminators, late, max(1, config.steps - config.adversarial_start), self._judge)
        self.generator = torch.Generator(device=device).manual_seed(seed)

    def batch(self, step: int) -> Batch:
        """Crops of a step that are this process's."""
        return self.train.batch(self.seed, step, self.world)

    def generate(self, batch: Batch, rows: Rows | None = None) -> tuple[Tensor, Tensor]:
        """Speak a batch's mels, which may be rows of a larger batch; returns samples (B, N) and the predicted F0 (B, T)."""
        mel = batch["mel"].to(self.device)
        ahead = self.model.config.lookahead
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bf16):
            hidden = self.model.step(mel)[:, ahead:]
            parameters = self.model.parameters_of(hidden, mel[:, : hidden.shape[1]])
        rows = rows or Rows(len(mel), mel.shape[1])
        shape = (rows.n_rows, *parameters.log_noise.shape[1:], 2)
        noise = rows.cut(torch.randn(shape, generator=self.generator, device=self.device))
        source = parameters.f0.detach() if self.config.predicted_f0 else batch["f0"].to(self.device).abs()
        return synthesize(parameters, self.model.config, noise * 0.5**0.5, source), parameters.f0

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns the losses of the whole batch."""
        rows = Rows(self.config.batch_size, self.config.segment_frames, self.world.rank, self.world.size)
        generated, f0 = self.updater.run(batch, rows)
        real = batch["waveform"].to(self.device)
        margin = self.config.margin_frames * self.model.config.hop_length
        if margin:
            generated, real = generated[:, margin:-margin], real[:, margin:-margin]
        parts = (self.world.whole, self.world.size) if self.world.size > 1 else ()
        losses = {
            "loss_stft": compute_multi_resolution_loss(generated, real, *parts),
            "loss_f0": self._f0_loss(f0, batch, self.world),
        }
        total = losses["loss_stft"] + self.config.f0_weight * losses["loss_f0"]
        if self.updater.steps >= self.config.adversarial_start:
            some = slice(self.config.adversarial_batch // self.world.size)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bf16):
                losses |= self._adversarial(generated[some], real[some])
            total = total + self.config.adversarial_weight * losses["loss_adversarial"]
            total = total + self.config.feature_weight * losses["loss_feature"]
        losses["gradient_norm"] = torch.tensor(self.updater.step(total))
        return {"loss": total.detach()} | {name: value.detach() for name, value in losses.items()}

    def _adversarial(self, generated: Tensor, real: Tensor) -> dict[str, Tensor]:
        loss_discriminator, real_hidden = self.critic.run(real, generated.detach())
        self.critic.step(loss_discriminator)
        for parameter in self.discriminators.parameters():
            parameter.requires_grad_(False)
        scores, hidden = self.discriminators(generated)
        for parameter in self.discriminators.parameters():
            parameter.requires_grad_(True)
        return {
            "loss_discriminator": loss_discriminator,
            "loss_adversarial": self._mean(compute_adversarial_loss(scores)),
            "loss_feature": self._mean(compute_feature_loss(real_hidden, hidden)),
        }

    def _judge(self, real: Tensor, generated: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
        """The discriminators' loss, and their hidden maps of the real crops."""
        real_scores, real_hidden = self.discriminators(real)
        fake_scores, _ = self.discriminators(generated)
        return self._mean(compute_discriminator_loss(real_scores, fake_scores)), real_hidden

    def _mean(self, loss: Tensor) -> Tensor:
        """The mean of a loss over the processes, whose parts of a batch are equal."""
        return self.world.whole(loss / self.world.size)

    def _f0_loss(self, f0: Tensor, batch: Batch, world: World = ALONE) -> Tensor:
        target = batch["f0"].to(self.device)
        voiced = (target > 0).float()
        error = (f0.log() - target.abs().log()).abs()
        return world.whole((error * voiced).sum()) / world.total(voiced.sum()).clamp_min(1)

    @torch.no_grad()
    def validate(self) -> dict[str, Tensor]:
        """Losses of the averaged weights on held-out crops, with noise of its own."""
        generator, self.generator = self.generator, torch.Generator(device=self.device).manual_seed(0)
        rows = []
        with self.updater.averaged():
            for index in range(N_VALIDATION_BATCHES):
                batch = self.valid.batch(0, index)
                generated, f0 = self.generate(batch)
                real = batch["waveform"].to(self.device)
                rows.append(torch.stack((compute_multi_resolution_loss(generated, real), self._f0_loss(f0, batch))))
        self.generator = generator
        loss_stft, loss_f0 = torch.stack(rows).mean(0)
        return {"loss_stft": loss_stft, "loss_f0": loss_f0}

    @torch.no_grad()
    def draw(self, writer: Any, step: int) -> None:
        """Write a held-out utterance, copied by the averaged weights, and the recording."""
        utterance = self.valid.data[0]
        config = self.model.config
        mel = torch.from_numpy(utterance.mel.astype(np.float32))[None].to(self.device)
        generator = torch.Generator(device=self.device).manual_seed(0)
        with self.updater.averaged():
            parameters = self.model(mel)
            noise = torch.randn((*parameters.log_noise.shape, 2), generator=generator, device=self.device) * 0.5**0.5
            copy = synthesize(parameters, config, noise)[0].float().cpu()
        writer.add_audio("copy", copy.clamp(-1, 1)[None], step, config.sample_rate)
        recording = torch.from_numpy(utterance.waveform.astype(np.float32) / 32767)
        writer.add_audio("recording", recording[None], step, config.sample_rate)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs."""
        return {
            "updater": self.updater.state_dict(),
            "critic": self.critic.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        self.updater.load_state_dict(state["updater"])
        self.critic.load_state_dict(state["critic"])
        self.generator.set_state(state["generator"])

"""Training of the CALM: likelihood of every patch given the text, the durations and a corrupted history.

The model speaks from what it said itself, so in training its history is never quite true: noise of a random size is added,
patches are dropped, and in the last part of training a share of the patches is replaced by the model's own samples (durations
keep them aligned with the targets). Letters: B batch, S tokens, T frames, P patches, r frames per patch, F mel bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.data.dataset import FeatureFolder, Utterance
from tts.data.sampler import LengthSampler
from tts.models.acoustic import AcousticModel
from tts.models.heads import Codes, FrameDistribution
from tts.models.losses import (
    LossKind,
    check_loss,
    compute_balance,
    compute_flux,
    compute_kl,
    compute_loss,
    compute_mean_distance,
    measure_usage,
)
from tts.training.batches import Batch, collate, encode_batch, shift
from tts.training.distributed import Rows, without_joining
from tts.training.optim import OptimConfig, Updater
from tts.training.signs import measure_signs
from tts.training.speakers import References

N_VALID = 128  # held-out utterances that are validated on, at most
N_SIGNS = 12  # held-out utterances that the model speaks from its own history


class AcousticTaskConfig(BaseModel):
    """Settings of the acoustic model's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(10_000, gt=0)
    batch_frames: int = Field(6_000, gt=0)  # frames per batch, padding included
    loss: LossKind = "beta_nll"
    beta: float = Field(0.5, ge=0, le=1)  # of beta_nll
    mean_weight: float = Field(1.0, ge=0)  # of the L1 distance between mean and target
    kl_weight: float = Field(0.0, ge=0)  # of the KL divergence to a unit Gaussian around the target
    flux_weight: float = Field(0.0, ge=0)  # of the flux loss, against a mean that repeats the frame before
    balance_weight: float = Field(0.0, ge=0)  # of the load balance of components or experts
    duration_weight: float = Field(0.3, ge=0)
    history_noise: float = Field(0.4, ge=0)  # largest standard deviation, in normalised units
    history_drop: float = Field(0.1, ge=0, le=1)  # share of patches set to zero
    own_samples_start: int | None = Field(None, ge=0)  # step from which own samples enter the history
    own_samples_share: float = Field(0.5, ge=0, le=1)  # of the patches, at most
    own_samples_temperature: float = Field(0.5, ge=0)
    bf16: bool = True  # bfloat16 autocast in the network
    accumulate: int = Field(1, ge=1)  # parts in which a batch goes through the network one after another, to save memory


def count(batch: Batch, patch_size: int) -> Tensor:
    """Frames and tokens of a batch, int64 (2,), without padding."""
    return torch.stack((batch["patch_lengths"].sum() * patch_size, batch["token_lengths"].sum()))


def measure_mel(data: FeatureFolder, n_utterances: int = 2_000) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (F,) of the mel's bands over the first utterances of a folder."""
    mel = np.concatenate([data[index].mel.astype(np.float32) for index in range(min(n_utterances, len(data)))])
    return torch.from_numpy(mel.mean(0)), torch.from_numpy(mel.std(0)).clamp_min(0.1)


class AcousticTask:
    """Trains an AcousticModel.

    Args:
        model: the network, its mel_mean and mel_std set.
        train: utterances to learn from.
        valid: held-out utterances.
        config: settings.
        optim: optimiser of the network.
        seed: of the draws.
        device: where it runs.

    Raises:
        InputError: the model's head cannot be trained by a loss that the settings ask for, or the model hears references and
            the features have no embeddings.
    """

    def __init__(
        self,
        model: AcousticModel,
        train: FeatureFolder,
        valid: FeatureFolder,
        config: AcousticTaskConfig,
        optim: OptimConfig,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        weights = {name: getattr(config, name) for name in ("mean_weight", "kl_weight", "flux_weight", "balance_weight")}
        check_loss(model.config.head.kind, config.loss, weights)
        self.model, self.config, self.device = model.to(device), config, torch.device(device)
        self.train, self.valid, self.steps = train, valid, config.steps
        self.references: References | None = None
        if model.speakers is not None and model.speakers.config.kind == "reference":
            self.references = References(train, seed)
            self.references.describe_to(model.speakers)
        self.updater = Updater(model, optim, config.steps, self._loss)
        self.world = self.updater.world
        self.sampler = LengthSampler(train.n_frames, config.batch_frames, seed, rank=self.world.rank, world_size=self.world.size)
        self.generator = torch.Generator(device=device).manual_seed(seed)

    def batch(self, step: int) -> Batch:
        """Utterances of a step that are this process's, and `whole`: rows and frames of the batch of all processes."""
        indices = self.sampler.batch(step).tolist()
        batch = self._collate([self.train[index] for index in indices])
        if self.references is not None:
            batch["speaker"] = self.references.draw(indices, step)
        n_rows, n_frames = self.sampler.shape(step)
        n_frames += -n_frames % self.model.config.patch_size
        return batch | {"whole": torch.tensor([n_rows, n_frames])}

    def _collate(self, utterances: list[Utterance]) -> Batch:
        return collate(utterances, self.model.config.patch_size, self.model.config.speakers)

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns the losses of the whole batch."""
        sums: dict[str, Tensor] = {}
        norm = self.updater.step_parts(self._losses_of_parts(batch, sums))
        sums = self.world.totals(sums)
        return {"loss": sums.pop("loss"), "gradient_norm": torch.tensor(norm)} | sums

    def _losses_of_parts(self, batch: Batch, sums: dict[str, Tensor]) -> Iterator[Tensor]:
        """The loss of each part of a batch in turn, while all that is logged is summed up."""
        n_rows, n_frames = batch["whole"].tolist()
        rows = Rows(n_rows, n_frames, self.world.rank, self.world.size)
        own = count(batch, self.model.config.patch_size)
        counts = self.world.total(own * rows.are_real).to(self.device)
        n_parts = min(self.config.accumulate, len(batch["tokens"]))
        drawn = self.generator.get_state()
        for index in range(n_parts):
            self.generator.set_state(drawn)  # every part draws for the whole batch
            part = {name: value[index::n_parts] for name, value in batch.items() if name != "whole"}
            with nullcontext() if index == n_parts - 1 else without_joining(self.updater.run):
                losses = self.updater.run(part, rows.part(index, n_parts), counts)
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0) + value.detach()
                yield losses["loss"]

    def _loss(self, batch: Batch, rows: Rows, counts: Tensor) -> dict[str, Tensor]:
        """Losses of rows of a whole batch in training, and `loss`, their weighted sum."""
        losses = self.losses(batch, is_training=True, rows=rows, counts=counts)
        total = losses["loss_frame"]
        for name in ("mean", "duration", "kl", "flux", "balance"):
            if f"loss_{name}" in losses:
                total = total + getattr(self.config, f"{name}_weight") * losses[f"loss_{name}"]
        return {"loss": total} | losses

    def losses(
        self, batch: Batch, *, is_training: bool, rows: Rows | None = None, counts: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Losses of a batch; the history is corrupted in training only.

        Args:
            batch: of `collate`.
            is_training: whether the history is corrupted.
            rows: which rows of a larger batch these are, if they are part of one.
            counts: int64 (2,) frames and tokens of that; the losses are parts of its losses.
        """
        patch_size = self.model.config.patch_size
        counts = count(batch, patch_size) if counts is None else counts
        n_frames, n_tokens = counts.to(self.device)
        is_real = rows is None or rows.are_real
        batch = {name: value.to(self.device) for name, value in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bf16):
            encoded = encode_batch(self.model, batch)
            token_mask, patch_mask, frame_mask, frames = (
                encoded.token_mask,
                encoded.patch_mask,
                encoded.frame_mask,
                encoded.frames,
            )
            patches = self._history(frames, encoded.conditions, rows) if is_training else frames
            distribution = self.model.predict(encoded.conditions, shift(patches, patch_size))
        weight = is_real * frame_mask / n_frames
        token_weight = is_real * token_mask / n_tokens
        share = weight.sum()
        error = (encoded.log_durations - batch["durations"].float().log()).abs()
        generator = self._own_generator(rows) if is_training else torch.Generator(self.device).manual_seed(0)
        loss = compute_loss(self.config.loss, distribution, frames, self.config.beta, generator)
        return {
            "loss_frame": (loss * weight).sum(),
            "loss_duration": (error * token_weight).sum(),
            "nll": -(distribution.log_prob(frames).detach() * weight).sum() / distribution.n_terms,
            **self._losses_of_mean(distribution, frames, weight),
            **({"loss_balance": share * compute_balance(distribution, patch_mask)} if self.config.balance_weight else {}),
            **{name: share * value for name, value in measure_usage(distribution, patch_mask).items()},
        }

    def _losses_of_mean(self, distribution: FrameDistribution, frames: Tensor, weight: Tensor) -> dict[str, Tensor]:
        """Losses on mean and deviation, averaged by the weights (B, T) of the frames; none for codes, which have neither."""
        if isinstance(distribution, Codes):
            return {}
        rows = {"loss_mean": compute_mean_distance(distribution, frames), "mean_std": distribution.std.detach().mean(-1)}
        if self.config.kl_weight:
            rows["loss_kl"] = compute_kl(distribution, frames)
        if self.config.flux_weight:
            rows["loss_flux"] = compute_flux(distribution, frames)
        return {name: (row * weight).sum() for name, row in rows.items()}

    def _history(self, frames: Tensor, conditions: Tensor, rows: Rows | None = None) -> Tensor:
        """Corrupt frames (B, T, F), which are rows of a larger batch or a whole one."""
        config, size = self.config, self.model.config.patch_size
        n_utterances, n_frames, n_mels = frames.shape
        rows = rows or Rows(n_utterances, n_frames)
        history = frames
        start = config.own_samples_start
        if start is not None and self.updater.steps >= start:
            history = self._with_own_samples(frames, conditions, rows)
        scale = config.history_noise * self._uniform(rows)
        noise = torch.randn((rows.n_rows, rows.n_frames, n_mels), generator=self.generator, device=self.device)
        history = history + scale * rows.cut(noise)[:, :n_frames]
        keep = self._uniform(rows, n_frames // size) >= config.history_drop
        return history * keep.repeat_interleave(size, dim=1)

    @torch.no_grad()
    def _with_own_samples(self, frames: Tensor, conditions: Tensor, rows: Rows) -> Tensor:
        """Replace a random share of the patches by what the model would have said there."""
        size = self.model.config.patch_size
        own: FrameDistribution = self.model.predict(conditions, shift(frames, size))
        samples = own.sample(self.config.own_samples_temperature, self._own_generator(rows))
        share = self.config.own_samples_share * self._uniform(rows)
        chosen = self._uniform(rows, frames.shape[1] // size) < share
        return torch.where(chosen.repeat_interleave(size, dim=1), samples, frames)

    def _uniform(self, rows: Rows, n_patches: int | None = None) -> Tensor:
        """Draw a number for each row, (B, 1, 1), or for each of its patches, (B, P, 1); drawn for the whole batch."""
        n_drawn = 1 if n_patches is None else rows.n_frames // self.model.config.patch_size
        drawn = torch.rand((rows.n_rows, n_drawn, 1), generator=self.generator, device=self.device)
        return rows.cut(drawn)[:, : n_patches or 1]

    def _own_generator(self, rows: Rows | None) -> torch.Generator | None:
        """What densities are sampled with; a part of a batch must leave the common generator as it is, and takes torch's own."""
        return self.generator if rows is None or rows.are_all else None

    @torch.no_grad()
    def validate(self) -> dict[str, Tensor]:
        """Losses of the averaged weights on held-out utterances, history untouched, and the signs of a collapse."""
        indices = self.valid.spread(N_VALID)
        groups = [indices[start : start + 16] for start in range(0, len(indices), 16)]
        with self.updater.averaged():
            rows = [self.losses(self._collate([self.valid[i] for i in group]), is_training=False) for group in groups]
            batch = self._collate([self.valid[i] for i in self.valid.spread(N_SIGNS)])
            batch = {name: value.to(self.device) for name, value in batch.items()}
            signs = measure_signs(self.model, batch, torch.Generator(self.device).manual_seed(0))
        return {name: torch.stack([row[name] for row in rows]).mean() for name in rows[0]} | signs

    @torch.no_grad()
    def draw(self, writer: Any, step: int) -> None:
        """Write the mel of a held-out utterance: recorded, and the mean given the recorded history."""
        batch = self._collate([self.valid[0]])
        with self.updater.averaged():
            encoded = encode_batch(self.model, {name: value.to(self.device) for name, value in batch.items()})
            frames = encoded.frames
            mean = self.model.predict(encoded.conditions, shift(frames, self.model.config.patch_size)).mean
        for name, picture in (("recorded", frames), ("mean", mean)):
            writer.add_image(name, (picture[0].float().cpu().T.flip(0) / 5 + 0.5).clamp(0, 1)[None], step)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs."""
        return {"updater": self.updater.state_dict(), "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        self.updater.load_state_dict(state["updater"])
        self.generator.set_state(state["generator"])

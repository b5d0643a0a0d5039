"""Training of a learned quantiser: patches of mel frames to codes and back, with as little loss as the codes allow.

Letters: B batch, T frames, F mel bands, Q levels, C codes of a level.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.data.dataset import FeatureFolder, Utterance
from tts.data.sampler import LengthSampler
from tts.models.latent_codes import Codebooks
from tts.models.quantizer import Quantizer
from tts.training.distributed import Rows
from tts.training.optim import OptimConfig, Updater
from tts.training.shared_codes import learn_alone, learning_together

Batch = dict[str, Tensor]

N_VALID = 128  # held-out utterances that are validated on, at most
N_START = 8  # batches that the codebooks begin with


class QuantizerTaskConfig(BaseModel):
    """Settings of a quantiser's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(1_500, gt=0)
    batch_frames: int = Field(4_000, gt=0)  # frames per batch
    squared_weight: float = Field(0.5, ge=0)  # of the squared error, beside the absolute one
    commitment_weight: float = Field(0.1, ge=0)


class QuantizerTask:
    """Trains a Quantizer.

    Args:
        model: of kind vq, rvq or fsq; its mel_mean and mel_std set.
        train: utterances to learn from.
        valid: held-out utterances.
        config: settings.
        optim: optimiser of encoder and decoder.
        seed: of the order of utterances.
        device: where it runs.
    """

    def __init__(
        self,
        model: Quantizer,
        train: FeatureFolder,
        valid: FeatureFolder,
        config: QuantizerTaskConfig,
        optim: OptimConfig,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model, self.config, self.device = model.to(device), config, torch.device(device)
        self.train, self.valid, self.steps = train, valid, config.steps
        self.updater = Updater(model, optim, config.steps, self.figures)
        self.world = self.updater.world
        self.seed = seed
        self.sampler = self._sampler(self.world.rank, self.world.size)
        if isinstance(self.model.codes, Codebooks):
            learn_alone(self.model.codes)

    def _sampler(self, rank: int, world_size: int) -> LengthSampler:
        return LengthSampler(self.train.n_frames, self.config.batch_frames, self.seed, rank=rank, world_size=world_size)

    def start(self) -> None:
        """Begin with principal components and k-means of a few batches; see `Quantizer.start`."""
        whole = self._sampler(0, 1)  # the same on every process
        batches = [self._collate([self.train[int(index)] for index in whole.batch(step)]) for step in range(N_START)]
        frames = torch.cat([self._frames(batch) for batch in batches], dim=1)
        self.model.start(frames)
        for name, value in self.model.state_dict().items():
            self.updater.average[name].copy_(value)

    def batch(self, step: int) -> Batch:
        """Make the batch of a step.

        Returns:
            This process's utterances one after another: mel (1, T, F), cut to whole patches each, and mel_lengths (B,); `whole`:
            rows and frames of the batch of all processes.
        """
        batch = self._collate([self.train[int(index)] for index in self.sampler.batch(step)])
        return batch | {"whole": torch.tensor(self.sampler.shape(step))}

    def _collate(self, utterances: list[Utterance]) -> Batch:
        size = self.model.config.patch_size
        mels = [utterance.mel[: len(utterance.mel) // size * size] for utterance in utterances]
        mel = torch.from_numpy(np.concatenate(mels).astype(np.float32))[None]
        return {"mel": mel, "mel_lengths": torch.tensor([len(mel) for mel in mels])}

    def _frames(self, batch: Batch) -> Tensor:
        return (batch["mel"].to(self.device) - self.model.mel_mean) / self.model.mel_std

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns losses, and usage and perplexity of the codes of each level."""
        if self.updater.steps == 0 and isinstance(self.model.codes, Codebooks):
            self.model.codes.restart_means()  # the weights may be those of another run
        n_rows, n_frames = batch["whole"].tolist()
        rows = Rows(n_rows, n_frames, self.world.rank, self.world.size)
        batch = batch | {"mel": batch["mel"] + self.world.total(0 * batch["mel"].sum())}  # not finite for one, not for all
        own = batch["mel_lengths"].sum() * rows.are_real
        share = (own / self.world.total(own)).to(self.device)
        with self._learning(rows, batch["mel_lengths"]):
            figures, counts = self.updater.run(batch)
        figures = {name: share * value for name, value in figures.items()}
        total = figures["loss_l1"] + self.config.squared_weight * figures["loss_squared"]
        total = total + self.config.commitment_weight * figures["loss_commitment"]
        norm = self.updater.step(total)
        usage = measure_usage(self.world.total(counts * rows.are_real))
        return {"gradient_norm": torch.tensor(norm)} | self.world.totals({"loss": total} | figures) | usage

    def _learning(self, rows: Rows, lengths: Tensor) -> AbstractContextManager[None]:
        """A block in which all processes learn the same codes; what is drawn in it is a function of seed and step."""
        if not isinstance(self.model.codes, Codebooks):
            return nullcontext()
        torch.manual_seed(int(np.random.SeedSequence((self.seed, self.updater.steps)).generate_state(1)[0]))
        return learning_together(self.model.codes, self.world, rows, (lengths // self.model.config.patch_size).tolist())

    def figures(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """Losses of a batch, and how often it has each code, (Q, C)."""
        frames = self._frames(batch)
        quantized = self.model(frames)
        error = quantized.frames - frames
        losses = {
            "loss_l1": error.abs().mean(),
            "loss_squared": error.square().mean(),
            "loss_commitment": quantized.commitment,
        }
        return losses, count_codes(quantized.codes, self.model.codebook_size)

    @torch.no_grad()
    def validate(self) -> dict[str, Tensor]:
        """Figures of the averaged weights on held-out utterances; `code_perplexity` is that of the worst level."""
        indices = np.linspace(0, len(self.valid) - 1, min(len(self.valid), N_VALID)).round().astype(np.int64)
        with self.updater.averaged():
            figures, counts = self.figures(self._collate([self.valid[int(index)] for index in indices]))
        figures |= measure_usage(counts)
        worst = min(value for name, value in figures.items() if name.startswith("perplexity_"))
        del figures["loss_commitment"]  # the library has it in training only
        return figures | {"code_perplexity": worst}

    @torch.no_grad()
    def draw(self, writer: Any, step: int) -> None:
        """Write the mel of a held-out utterance: recorded, and decoded from its codes."""
        frames = self._frames(self._collate([self.valid[0]]))
        with self.updater.averaged():
            decoded = self.model(frames).frames
        for name, picture in (("recorded", frames), ("decoded", decoded)):
            writer.add_image(name, (picture[0].cpu().T.flip(0) / 5 + 0.5).clamp(0, 1)[None], step)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs."""
        return {"updater": self.updater.state_dict(), "codebooks": self.model.learning_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        self.updater.load_state_dict(state["updater"])
        for name, value in self.model.learning_state().items():
            value.copy_(state["codebooks"][name])


def count_codes(codes: Tensor, codebook_size: int) -> Tensor:
    """How often each code of each level occurs, (Q, C), in codes (B, P, Q)."""
    return torch.stack([torch.bincount(level, minlength=codebook_size) for level in codes.flatten(0, -2).unbind(-1)])


def measure_usage(counts: Tensor) -> dict[str, Tensor]:
    """Figures `usage_q` and `perplexity_q` of each level q = 1 .. Q from counts (Q, C) of its codes.

    Usage is the share of the codebook that occurs; perplexity the exponential of the entropy of how often.
    """
    figures = {}
    for level, row in enumerate(counts, 1):
        shares = row / row.sum()
        figures[f"usage_{level}"] = (shares > 0).float().mean()
        figures[f"perplexity_{level}"] = torch.exp(torch.special.entr(shares).sum())
    return figures

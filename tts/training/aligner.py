"""Training of the aligner. Letters: B batch, T frames, S tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.data.dataset import FeatureFolder, Utterance, pad
from tts.data.sampler import LengthSampler
from tts.models.aligner import Aligner, compute_forward_sum_loss
from tts.models.alignment import alignment_prior
from tts.nn.masks import lengths_to_mask
from tts.training.distributed import Rows
from tts.training.optim import OptimConfig, Updater

Batch = dict[str, Tensor]


class AlignerTaskConfig(BaseModel):
    """Settings of the aligner's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(1_000, gt=0)
    batch_frames: int = Field(6_000, gt=0)  # frames per batch, padding included
    min_score: float = -12.0  # clips whose path scores less, nats per frame, are dropped
    max_token_seconds: float = Field(1.0, gt=0)  # clips in which a phone is longer are dropped


def collate(utterances: list[Utterance]) -> Batch:
    """Batch utterances: tokens (B, S, 3), mel (B, T, n_mels), prior (B, T, S) and both lengths (B,)."""
    tokens = pad([utterance.tokens.astype(np.int64) for utterance in utterances])
    mel = pad([utterance.mel.astype(np.float32) for utterance in utterances])
    prior = np.full((len(utterances), mel.shape[1], tokens.shape[1]), -1e4, np.float32)
    for row, utterance in zip(prior, utterances, strict=True):
        own = alignment_prior(utterance.mel.astype(np.float32), utterance.tokens[:, 0])
        row[: own.shape[0], : own.shape[1]] = own
    return {
        "tokens": torch.from_numpy(tokens),
        "mel": torch.from_numpy(mel),
        "prior": torch.from_numpy(prior),
        "token_lengths": torch.tensor([len(utterance.tokens) for utterance in utterances]),
        "mel_lengths": torch.tensor([len(utterance.mel) for utterance in utterances]),
    }


def score_batch(model: Aligner, batch: Batch) -> Tensor:
    """Scores (B, T, S) of a batch that is where the model is."""
    token_mask = lengths_to_mask(batch["token_lengths"], batch["tokens"].shape[1])
    mel_mask = lengths_to_mask(batch["mel_lengths"], batch["mel"].shape[1])
    return model(batch["tokens"], token_mask, batch["mel"], mel_mask, batch["prior"])


class AlignerTask:
    """Trains an Aligner by the forward-sum loss.

    Args:
        model: the network.
        train: utterances to learn from.
        valid: held-out utterances.
        config: settings.
        optim: optimiser of the network.
        seed: of the draw.
        device: where it runs.
    """

    def __init__(
        self,
        model: Aligner,
        train: FeatureFolder,
        valid: FeatureFolder,
        config: AlignerTaskConfig,
        optim: OptimConfig,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model, self.config, self.device = model.to(device), config, torch.device(device)
        self.train, self.valid, self.steps = train, valid, config.steps
        self.updater = Updater(model, optim, config.steps, self._loss)
        self.world = self.updater.world
        shares = {"rank": self.world.rank, "world_size": self.world.size}
        self.sampler = LengthSampler(train.n_frames, config.batch_frames, seed, **shares)

    def batch(self, step: int) -> Batch:
        """Utterances of a step that are this process's, and `whole`: rows and frames of the batch of all processes."""
        batch = collate([self.train[int(index)] for index in self.sampler.batch(step)])
        return batch | {"whole": torch.tensor(self.sampler.shape(step))}

    def scores(self, batch: Batch) -> Tensor:
        """Scores (B, T, S) of a batch."""
        return score_batch(self.model, {name: value.to(self.device) for name, value in batch.items()})

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns the loss of the whole batch."""
        n_rows, n_frames = batch["whole"].tolist()
        rows = Rows(n_rows, n_frames, self.world.rank, self.world.size)
        loss = self.updater.run(batch) * (len(batch["mel"]) / rows.n_rows if rows.are_real else 0.0)
        norm = self.updater.step(loss)
        return {"loss": self.world.total(loss), "gradient_norm": torch.tensor(norm)}

    def _loss(self, batch: Batch) -> Tensor:
        return compute_forward_sum_loss(self.scores(batch), batch["token_lengths"], batch["mel_lengths"])

    @torch.no_grad()
    def validate(self) -> dict[str, Tensor]:
        """Loss of the averaged weights on held-out utterances."""
        with self.updater.averaged():
            batch = collate([self.valid[index] for index in range(min(16, len(self.valid)))])
            return {"loss": self._loss(batch)}

    @torch.no_grad()
    def draw(self, writer: Any, step: int) -> None:
        """Write a picture of the scores of a held-out utterance."""
        with self.updater.averaged():
            scores = self.scores(collate([self.valid[0]]))[0].exp().cpu()
        writer.add_image("alignment", (scores / scores.max()).T.flip(0)[None], step)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs."""
        return {"updater": self.updater.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what state_dict gave."""
        self.updater.load_state_dict(state["updater"])

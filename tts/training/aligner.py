"""Training of the aligner, and the alignment of a whole features folder by it. Letters: B batch, T frames, S tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from tts.audio.silence import is_silent
from tts.checkpoint import replacing
from tts.data.dataset import FeatureFolder, Utterance, pad, read_rows
from tts.data.sampler import LengthSampler
from tts.data.shards import shard_folders
from tts.models.aligner import Aligner, compute_forward_sum_loss, durations_of
from tts.models.alignment import alignment_prior, give_silence_to_pauses, is_pause
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
        batch = {name: value.to(self.device) for name, value in batch.items()}
        token_mask = lengths_to_mask(batch["token_lengths"], batch["tokens"].shape[1])
        mel_mask = lengths_to_mask(batch["mel_lengths"], batch["mel"].shape[1])
        return self.model(batch["tokens"], token_mask, batch["mel"], mel_mask, batch["prior"])

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


def align_folder(task: AlignerTask, folder: Path, frame_rate: float) -> Iterator[int]:
    """Write the durations of every utterance of a features folder, and the list of clips whose path is implausible.

    Written, into each shard: `durations.npy`, int16, one value per row of tokens.npy; `dropped.jsonl` with id and reason.

    Args:
        task: a trained aligner.
        folder: features folder.
        frame_rate: frames per second, Hz.

    Yields:
        The number of utterances aligned so far.
    """
    before = 0
    for shard in shard_folders(folder):
        done = 0
        for done in _align_shard(task, shard, frame_rate):
            yield before + done
        before += done


@torch.no_grad()
def _align_shard(task: AlignerTask, folder: Path, frame_rate: float) -> Iterator[int]:
    n_tokens = len(np.load(folder / "tokens.npy", mmap_mode="r"))
    durations = np.zeros(n_tokens, np.int16)
    dropped = []
    done = 0
    splits = {row["split"] for row in read_rows(folder / "index.jsonl")}
    (folder / "dropped.jsonl").unlink(missing_ok=True)
    for split in sorted(splits):
        data = FeatureFolder(folder, split)
        sampler = LengthSampler(data.n_frames, task.config.batch_frames)
        for indices in sampler.epoch_batches(0):
            utterances = [data[int(index)] for index in indices]
            scores = task.scores(collate(utterances)).cpu()
            for utterance, score in zip(utterances, scores, strict=True):
                tokens = utterance.tokens
                path, mean_score = durations_of(score[: len(utterance.mel), : len(tokens)])
                start, length = utterance.row["tokens"]
                silent = is_silent(utterance.mel.astype(np.float32))
                durations[start : start + length] = give_silence_to_pauses(path.numpy(), is_pause(tokens[:, 0]), silent)
                reason = _implausible(path.numpy(), mean_score, task.config, frame_rate)
                if reason:
                    dropped.append({"id": utterance.row["id"], "reason": reason})
            done += len(indices)
            yield done
    with replacing(folder / "durations.npy") as temporary, temporary.open("wb") as file:
        np.save(file, durations)
    (folder / "dropped.jsonl").write_text("".join(json.dumps(row) + "\n" for row in dropped), encoding="utf-8")


def _implausible(path: np.ndarray, mean_score: float, config: AlignerTaskConfig, frame_rate: float) -> str:
    """Say why a path cannot be right; silence at both ends may be long."""
    if mean_score < config.min_score:
        return f"path scores {mean_score:.2f} nats per frame"
    longest = float(path[1:-1].max(initial=0)) / frame_rate
    return f"a token of {longest:.2f} s" if longest > config.max_token_seconds else ""

"""Training of the aligner, and the alignment of a whole features folder by it. Letters: B batch, T frames, S tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
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
from tts.models.aligner import Aligner, compute_forward_sum_loss, diagonal_prior, durations_of
from tts.nn.masks import lengths_to_mask
from tts.text.symbols import DEFAULT_SYMBOLS
from tts.training.optim import OptimConfig, Updater

Batch = dict[str, Tensor]
MIN_NEIGHBOUR = 4  # frames
SOUNDING_PENALTY = 30.0  # nats per frame: begin, end and punctuation lie on silence; less, and "Who." is all end
SILENCE_IDS = DEFAULT_SYMBOLS.silence_ids


class AlignerTaskConfig(BaseModel):
    """Settings of the aligner's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(1_000, gt=0)
    batch_frames: int = Field(6_000, gt=0)  # frames per batch, padding included
    min_score: float = -12.0  # clips whose path scores less, nats per frame, are dropped
    max_token_seconds: float = Field(1.0, gt=0)  # clips in which a phone is longer are dropped


cached_prior = lru_cache(maxsize=4096)(diagonal_prior)


def collate(utterances: list[Utterance]) -> Batch:
    """Batch utterances: tokens (B, S, 3), mel (B, T, n_mels), prior (B, T, S) and both lengths (B,)."""
    tokens = pad([utterance.tokens.astype(np.int64) for utterance in utterances])
    mel = pad([utterance.mel.astype(np.float32) for utterance in utterances])
    prior = np.full((len(utterances), mel.shape[1], tokens.shape[1]), -1e4, np.float32)
    for row, utterance in zip(prior, utterances, strict=True):
        n_frames, n_tokens = len(utterance.mel), len(utterance.tokens)
        sounding = ~is_silent(utterance.mel.astype(np.float32))
        silences = np.isin(utterance.tokens[:, 0], SILENCE_IDS)
        row[:n_frames, :n_tokens] = cached_prior(n_frames, n_tokens)
        row[:n_frames, :n_tokens] -= SOUNDING_PENALTY * (sounding[:, None] & silences[None])
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
        self.sampler = LengthSampler(train.n_frames, config.batch_frames, seed)
        self.updater = Updater(model, optim, config.steps)

    def batch(self, step: int) -> Batch:
        """Utterances of a step."""
        return collate([self.train[int(index)] for index in self.sampler.batch(step)])

    def scores(self, batch: Batch) -> Tensor:
        """Scores (B, T, S) of a batch."""
        batch = {name: value.to(self.device) for name, value in batch.items()}
        token_mask = lengths_to_mask(batch["token_lengths"], batch["tokens"].shape[1])
        mel_mask = lengths_to_mask(batch["mel_lengths"], batch["mel"].shape[1])
        return self.model(batch["tokens"], token_mask, batch["mel"], mel_mask, batch["prior"])

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Take one step; returns the loss."""
        loss = compute_forward_sum_loss(self.scores(batch), batch["token_lengths"], batch["mel_lengths"])
        norm = self.updater.step(loss)
        return {"loss": loss.detach(), "gradient_norm": torch.tensor(norm)}

    @torch.no_grad()
    def validate(self) -> dict[str, Tensor]:
        """Loss of the averaged weights on held-out utterances."""
        with self.updater.averaged():
            batch = collate([self.valid[index] for index in range(min(16, len(self.valid)))])
            return {"loss": compute_forward_sum_loss(self.scores(batch), batch["token_lengths"], batch["mel_lengths"])}

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
                is_pause = np.isin(tokens[:, 0], SILENCE_IDS)
                silent = is_silent(utterance.mel.astype(np.float32))
                durations[start : start + length] = give_silence_to_pauses(path.numpy(), is_pause, silent)
                reason = _implausible(path.numpy(), mean_score, task.config, frame_rate)
                if reason:
                    dropped.append({"id": utterance.row["id"], "reason": reason})
            done += len(indices)
            yield done
    with replacing(folder / "durations.npy") as temporary, temporary.open("wb") as file:
        np.save(file, durations)
    (folder / "dropped.jsonl").write_text("".join(json.dumps(row) + "\n" for row in dropped), encoding="utf-8")


def give_silence_to_pauses(durations: np.ndarray, is_pause: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Move the borders of pause tokens over the silent frames beside them.

    To an aligner the closure of a stop looks like silence.

    Args:
        durations: int64 (S,) frames per token.
        is_pause: bool (S,) which tokens are punctuation.
        silent: bool (T,) which frames are silent.

    Returns:
        int64 (S,) with the same sum; neighbours keep MIN_NEIGHBOUR frames, or what they had if that is less.
    """
    ends = np.cumsum(durations)
    for token in np.flatnonzero(is_pause):
        begin = ends[token - 1] if token else 0
        lowest = min(begin, (ends[token - 2] if token > 1 else 0) + MIN_NEIGHBOUR)
        while begin > lowest and silent[begin - 1]:
            begin -= 1
        if token:
            ends[token - 1] = begin
        if token + 1 < len(durations):
            end, highest = ends[token], max(ends[token], ends[token + 1] - MIN_NEIGHBOUR)
            while end < highest and silent[end]:
                end += 1
            ends[token] = end
    return np.diff(ends, prepend=0)


def _implausible(path: np.ndarray, mean_score: float, config: AlignerTaskConfig, frame_rate: float) -> str:
    """Say why a path cannot be right; silence at both ends may be long."""
    if mean_score < config.min_score:
        return f"path scores {mean_score:.2f} nats per frame"
    longest = float(path[1:-1].max(initial=0)) / frame_rate
    return f"a token of {longest:.2f} s" if longest > config.max_token_seconds else ""

"""The alignment of a features folder by a trained aligner: row jobs, run by this process, by several, or by a Ray cluster.

A part is some utterances of a shard; its durations lie in `SHARD/alignment/` until the shard is complete, so that a second run
with the same aligner, rules and features goes on where the first stopped. Letters: S tokens, T frames.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from tts.audio.silence import is_silent
from tts.checkpoint import make_folder, replacing
from tts.data.dataset import Shard, Utterance
from tts.data.rows import Finished, LocalRunner, Part, Row, Runner, jsonl, read_rows, write_whole
from tts.data.sampler import LengthSampler
from tts.data.shards import DROPPED, INDEX, SHARD, shard_folders
from tts.models.aligner import Aligner, durations_of
from tts.models.alignment import give_silence_to_pauses, is_pause
from tts.training.aligner import AlignerTaskConfig, collate, score_batch
from tts.training.recipes import load_model, read_run

PARTS = "alignment"  # folder of unfinished work in a shard
PART_ROWS = 64  # utterances of a part


@dataclass(frozen=True)
class AlignPart:
    """Aligns some utterances of a shard.

    Attributes:
        run: folder of the trained aligner.
        key: hash of its weights.
        rules: which paths are implausible, and frames of a batch.
        frame_rate: frames per second, Hz.
        device: where the aligner runs.
    """

    run: Path
    key: str
    rules: AlignerTaskConfig
    frame_rate: float
    device: str = "cpu"

    @torch.no_grad()
    def __call__(self, part: Part[Row]) -> int:
        """Write the part's file: `durations` of all tokens in the order of the rows, `dropped` as JSON; returns its rows."""
        model, shard = _load(self.run, self.key, self.device), Shard(part.path.parents[1])
        paths: list[np.ndarray] = [np.zeros(0, np.int16)] * len(part.rows)
        dropped = []
        lengths = np.array([row["mel"][1] for row in part.rows])
        for indices in LengthSampler(lengths, self.rules.batch_frames).epoch_batches(0):
            utterances = [shard.read(part.rows[index]) for index in indices]
            batch = {name: value.to(self.device) for name, value in collate(utterances).items()}
            for index, utterance, scores in zip(indices, utterances, score_batch(model, batch).cpu(), strict=True):
                paths[index], reason = self._align(utterance, scores)
                if reason:
                    dropped.append({"id": utterance.row["id"], "reason": reason})
        make_folder(part.path.parent)
        with replacing(part.path) as temporary, temporary.open("wb") as file:
            np.savez(file, durations=np.concatenate(paths), dropped=np.array(json.dumps(dropped)))
        return len(part.rows)

    def _align(self, utterance: Utterance, scores: torch.Tensor) -> tuple[np.ndarray, str]:
        """Frames (S,) of every token by the best path through scores (T or more, S or more), and why it is implausible, or ""."""
        path, mean_score = durations_of(scores[: len(utterance.mel), : len(utterance.tokens)])
        silent = is_silent(utterance.mel.astype(np.float32))
        durations = give_silence_to_pauses(path.numpy(), is_pause(utterance.tokens[:, 0]), silent)
        return durations.astype(np.int16), self._implausible(path.numpy(), mean_score)

    def _implausible(self, path: np.ndarray, mean_score: float) -> str:
        """Say why a path cannot be right; silence at both ends may be long."""
        if mean_score < self.rules.min_score:
            return f"path scores {mean_score:.2f} nats per frame"
        longest = float(path[1:-1].max(initial=0)) / self.frame_rate
        return f"a token of {longest:.2f} s" if longest > self.rules.max_token_seconds else ""


@lru_cache(maxsize=1)
def _load(run: Path, key: str, device: str) -> Aligner:
    """The aligner, once for each process and key."""
    if multiprocessing.parent_process() is not None:
        torch.set_num_threads(1)  # one of several processes
    model = load_model("aligner", run)
    assert isinstance(model, Aligner)
    return model.to(device)


def align_folder(
    run: Path, folder: Path, rules: AlignerTaskConfig, frame_rate: float, runner: Runner | None = None, device: str = "cpu"
) -> Iterator[int]:
    """Write the durations of every utterance of a features folder, and the list of clips whose path is implausible.

    Written, into each shard when all of it is aligned: `durations.npy`, int16, one value per row of tokens.npy; `dropped.jsonl`
    with id and reason.

    Args:
        run: folder of a trained aligner.
        folder: features folder.
        rules: see AlignPart.
        frame_rate: frames per second, Hz.
        runner: what aligns the parts; None means this process.
        device: where the aligner runs.

    Yields:
        The number of utterances aligned so far.

    Raises:
        InputError: there is no such run.
    """
    job, shards = AlignPart(run, _key_of(run), rules, frame_rate, device), dict.fromkeys(shard_folders(folder))
    waiting: deque[tuple[Part[Row], bool]] = deque()  # those that are asked for, and whether each is the last of its shard

    def parts() -> Iterator[Part[Row] | Finished[int]]:
        for shard in shards:  # a mixture may name one twice
            own = _parts(shard, job)
            for part in own:
                waiting.append((part, part is own[-1]))
                yield Finished(len(part.rows)) if part.path.is_file() else part

    made: list[Part[Row]] = []
    done = 0
    for n_rows in (runner or LocalRunner()).run(job, parts()):
        part, is_last = waiting.popleft()
        made.append(part)
        if is_last:
            _join(part.path.parents[1], made)
            made = []
        done += n_rows
        yield done


def _key_of(run: Path) -> str:
    """A short hash of a run's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(read_run(run).items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()[:12]


def _parts(shard: Path, job: AlignPart) -> list[Part[Row]]:
    """The parts of a shard; what another aligner, other rules or other features left there is removed."""
    folder = shard / PARTS
    digest = hashlib.sha256(f"{job.key} {job.rules.model_dump_json()} {job.frame_rate}".encode())
    for path in (shard / INDEX, shard / SHARD):
        digest.update(path.read_bytes() if path.is_file() else b"")
    key, rows = digest.hexdigest()[:12], read_rows(shard / INDEX)
    for path in folder.glob("*.npz"):
        if not path.name.startswith(key):
            path.unlink()
    starts = range(0, len(rows), PART_ROWS)
    return [Part(start, rows[start : start + PART_ROWS], folder / f"{key}-{start:08d}.npz") for start in starts]


def _join(shard: Path, parts: list[Part[Row]]) -> None:
    """Make the shard's files of those of all its parts."""
    durations = np.zeros(len(np.load(shard / "tokens.npy", mmap_mode="r")), np.int16)
    dropped: list[Row] = []
    for part in parts:
        with np.load(part.path) as found:
            values, place = found["durations"], 0
            dropped += json.loads(str(found["dropped"]))
        for row in part.rows:
            start, length = row["tokens"]
            durations[start : start + length] = values[place : place + length]
            place += length
    with replacing(shard / "durations.npy") as temporary, temporary.open("wb") as file:
        np.save(file, durations)
    write_whole(shard / DROPPED, jsonl(dropped))
    shutil.rmtree(shard / PARTS)

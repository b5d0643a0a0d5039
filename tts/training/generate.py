"""Mels as the acoustic model makes them, aligned with the recordings: what the vocoder is fine-tuned on.

A vocoder that has only seen recorded mels is given smoother ones when it speaks. Here every frame is drawn by the model from a
history of its own draws, a few passes deep, beside the durations of the recording, so that the recording still is the target.
Letters: B batch, T frames, P patches, F mel bands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tts.data.dataset import FeatureFolder
from tts.data.sampler import LengthSampler
from tts.data.shards import INDEX, MEL, SHARDS, SPEAKERS, SYMBOLS, jsonl, read_rows, read_shards
from tts.models.acoustic import AcousticModel
from tts.training.batches import Batch, collate, encode_batch, shift

N_PASSES = 3
BATCH_FRAMES = 6_000
SHARED = ("waveform.npy", "f0.npy", "tokens.npy", SYMBOLS, MEL, SPEAKERS)


@torch.no_grad()
def generate_frames(model: AcousticModel, batch: Batch, temperature: float, generator: torch.Generator) -> Tensor:
    """Draw the mel (B, T, F) of a batch of acoustic training; the history is drawn too, N_PASSES - 1 patches back at least."""
    size = model.config.patch_size
    with torch.autocast(batch["mel"].device.type, torch.bfloat16):
        encoded = encode_batch(model, batch)
        frames = encoded.frames
        for _ in range(N_PASSES):
            frames = model.predict(encoded.conditions, shift(frames, size)).sample(temperature, generator)
    return model.denormalize(frames.float())


def generate_features(
    model: AcousticModel, source: Path, out: Path, *, temperature: float, hours: float, seed: int = 0
) -> Iterator[int]:
    """Make a features folder like `source` whose mels are generated.

    Args:
        model: trained acoustic model, in eval mode.
        source: features folder with durations, of one shard or many.
        out: folder to make; its other arrays are links to those of `source`.
        temperature: of the draws.
        hours: of training speech at most, as much from each shard; all of the validation split is taken as well.
        seed: of the draws and of the choice.

    Yields:
        The number of utterances done so far; the folder is complete when the iteration ends.
    """
    shutil.rmtree(out, ignore_errors=True)
    shards = read_shards(source)
    folders = [out] if len(shards) == 1 else [out / f"{number:05d}" for number in range(len(shards))]
    generator = torch.Generator().manual_seed(seed)
    done = before = 0
    for shard, folder in zip(shards, folders, strict=True):
        for done in _generate_shard(model, shard, folder, temperature, hours / len(shards), seed, generator):
            yield before + done
        before += done
    if len(shards) > 1:
        _link(source, out, (SYMBOLS, MEL, SPEAKERS))
        (out / SHARDS).write_text(json.dumps({"shards": [folder.name for folder in folders]}), encoding="utf-8")


def _generate_shard(
    model: AcousticModel,
    shard: tuple[Path, str],
    out: Path,
    temperature: float,
    hours: float,
    seed: int,
    generator: torch.Generator,
) -> Iterator[int]:
    """Make one shard, of a folder and the name of its speaker; yields the number of utterances done so far."""
    source, speaker = shard
    _link(source, out, SHARED if not speaker else tuple(name for name in SHARED if name != SPEAKERS))
    if speaker:
        (out / SPEAKERS).write_text(json.dumps([speaker]), encoding="utf-8")
    analysis = json.loads((source / MEL).read_text(encoding="utf-8"))
    limit = hours * 3600 * analysis["sample_rate"] / analysis["hop_length"]
    splits = {row["split"] for row in read_rows(source / INDEX)}
    mels: list[np.ndarray] = []
    rows: list[dict[str, Any]] = []
    place = 0
    for split, most in (("train", limit), ("valid", float("inf"))):
        if split not in splits:
            continue
        data = FeatureFolder(source, split, speaker)
        sampler = LengthSampler(data.n_frames, BATCH_FRAMES, seed)
        step = taken = 0
        while taken < min(most, data.n_frames.sum()):
            utterances = [data[int(index)] for index in sampler.batch(step)]
            frames = generate_frames(
                model, collate(utterances, model.config.patch_size, model.config.speakers), temperature, generator
            )
            for utterance, mel in zip(utterances, frames.numpy().astype(np.float16), strict=True):
                length = len(utterance.mel)
                mels.append(mel[:length])
                rows.append(utterance.row | {"mel": [place, length]})
                place, taken = place + length, taken + length
            step += 1
            yield len(rows)
    np.save(out / "mel.npy", np.concatenate(mels) if mels else np.zeros((0, model.config.n_mels), np.float16))
    (out / INDEX).write_text(jsonl(rows), encoding="utf-8")


def _link(source: Path, out: Path, names: tuple[str, ...]) -> None:
    """Link those files of a folder that are there into another."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_file():
            (out / name).symlink_to((source / name).resolve())

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

import numpy as np
import torch
from torch import Tensor

from tts.data.dataset import FeatureFolder
from tts.data.sampler import LengthSampler
from tts.models.acoustic import AcousticModel
from tts.training.batches import Batch, collate, encode_batch, shift

N_PASSES = 3
BATCH_FRAMES = 6_000
SHARED = ("waveform.npy", "f0.npy", "tokens.npy", "symbols.json", "mel.json")


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
        source: features folder with durations.
        out: folder to make; its other arrays are links to those of `source`.
        temperature: of the draws.
        hours: of training speech at most; all of the validation split is taken as well.
        seed: of the draws and of the choice.

    Yields:
        The number of utterances done so far; the folder is complete when the iteration ends.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name in SHARED:
        (out / name).symlink_to((source / name).resolve())
    frame_rate = json.loads((source / "mel.json").read_text(encoding="utf-8"))
    limit = hours * 3600 * frame_rate["sample_rate"] / frame_rate["hop_length"]
    generator = torch.Generator().manual_seed(seed)
    mels: list[np.ndarray] = []
    rows = []
    place = 0
    for split, most in (("train", limit), ("valid", float("inf"))):
        data = FeatureFolder(source, split)
        sampler = LengthSampler(data.n_frames, BATCH_FRAMES, seed)
        step = taken = 0
        while taken < min(most, data.n_frames.sum()):
            utterances = [data[int(index)] for index in sampler.batch(step)]
            frames = generate_frames(model, collate(utterances, model.config.patch_size), temperature, generator)
            for utterance, mel in zip(utterances, frames.numpy().astype(np.float16), strict=True):
                length = len(utterance.mel)
                mels.append(mel[:length])
                rows.append(utterance.row | {"mel": [place, length]})
                place, taken = place + length, taken + length
            step += 1
            yield len(rows)
    np.save(out / "mel.npy", np.concatenate(mels))
    (out / "index.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

"""Codebooks by k-means: a dictionary of mel frames, or of patches, fitted to a features folder.

Nothing is encoded: entries are frames, normalised per band. Mini-batches (Sculley, WWW 2010) make it minutes where Lloyd's
algorithm takes hours. Letters: C entries, F mel bands, r frames per patch, n rows, D values of a row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.models.codebook import Codebook, CodebookFacts
from tts.models.latent_codes import find_nearest
from tts.models.quantizer_config import Space
from tts.training.acoustic import measure_mel

BATCH_ROWS = 4_096  # that one step of k-means looks at
N_HELD_OUT = 20_000  # rows that the error is measured on, at most


@dataclass(frozen=True)
class FitSettings:
    """How to fit a codebook.

    Attributes:
        size: entries.
        space: what an entry is.
        patch_size: frames of a patch; of no matter in the space of frames.
        max_rows: frames or patches that it is fitted to, at most.
        passes: times that it goes through them, at most.
        seed: of the choice of rows and of k-means.
    """

    size: int
    space: Space = "patch"
    patch_size: int = 4
    max_rows: int = 100_000
    passes: int = 10
    seed: int = 0


def fit_codebook(folder: Path, settings: FitSettings) -> Codebook:
    """Fit a codebook to the training split of a features folder; the same seed gives the same entries.

    Raises:
        InputError: the folder holds no features, or too few of them.
    """
    from sklearn.cluster import MiniBatchKMeans

    train, valid = FeatureFolder(folder, "train"), FeatureFolder(folder, "valid")
    mean, std = (value.numpy() for value in measure_mel(train))
    n_frames = 1 if settings.space == "frame" else settings.patch_size
    rng = np.random.default_rng(settings.seed)
    rows = choose_rows(train, n_frames, settings.max_rows, rng)
    if len(rows) < settings.size:
        raise InputError(f"{folder}: {len(rows)} rows are too few for {settings.size} entries; take fewer")
    means = MiniBatchKMeans(
        settings.size,
        init="random",
        n_init=1,
        batch_size=BATCH_ROWS,
        init_size=max(settings.size, BATCH_ROWS),
        max_iter=settings.passes,
        compute_labels=False,
        random_state=settings.seed,
    ).fit(_normalize(rows, mean, std))
    entries = means.cluster_centers_.astype(np.float32)
    held_out = _normalize(choose_rows(valid, n_frames, N_HELD_OUT, rng), mean, std)
    facts = CodebookFacts(
        space=settings.space,
        size=settings.size,
        n_mels=len(mean),
        patch_size=n_frames,
        mel=json.loads((folder / "mel.json").read_text(encoding="utf-8")),
        seed=settings.seed,
        n_rows=len(rows),
        error=compute_error(held_out, entries),
    )
    return Codebook(entries, mean, std, facts)


def choose_rows(data: FeatureFolder, n_frames: int, max_rows: int, rng: np.random.Generator) -> np.ndarray:
    """Patches of n_frames frames, (n, n_frames * F), of utterances in random order, until there are enough."""
    parts: list[np.ndarray] = []
    n_rows = 0
    for index in rng.permutation(len(data)):
        mel = data[int(index)].mel
        n_patches = len(mel) // n_frames
        parts.append(mel[: n_patches * n_frames].reshape(n_patches, -1))
        n_rows += n_patches
        if n_rows >= max_rows:
            break
    return np.concatenate(parts)[:max_rows].astype(np.float32)


def _normalize(rows: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    normal: np.ndarray = ((rows.reshape(len(rows), -1, len(mean)) - mean) / std).reshape(rows.shape)
    return normal


def compute_error(rows: np.ndarray, entries: np.ndarray) -> float:
    """Root mean square distance per value of rows (n, D) from their nearest entries (C, D)."""
    table = torch.from_numpy(entries)
    parts = [torch.from_numpy(rows[start : start + BATCH_ROWS]) for start in range(0, len(rows), BATCH_ROWS)]
    squared = [(part - table[find_nearest(part, table)]).square().sum() for part in parts]
    return float((torch.stack(squared).sum() / rows.size).sqrt())

"""A codebook of frames or of patches, as a file; imports no torch, so that speech can be mapped to it without.

The file is safetensors: `entries` float16 (C, F), or (C, r * F) for patches, normalised to zero mean and unit variance per band
by `mel_mean` and `mel_std` (F,); the metadata hold the facts as JSON. Letters: C entries, F mel bands, r frames per patch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.checkpoint import replacing
from tts.config import validate
from tts.errors import InputError
from tts.models.quantizer_config import Space

FACTS = "codebook"  # key of the metadata


class CodebookFacts(BaseModel):
    """What a codebook is, and how it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    space: Space  # what an entry is
    size: int = Field(gt=1)  # entries
    n_mels: int = Field(gt=0)  # bands
    patch_size: int = Field(gt=0)  # frames of an entry; 1 in the space of frames
    mel: dict[str, float]  # settings of the mel
    seed: int  # of the fit
    n_rows: int  # frames or patches that it was fitted to
    error: float  # root mean square distance per value on held-out speech, in standard deviations


@dataclass(frozen=True)
class Codebook:
    """A dictionary of mel frames or patches.

    Attributes:
        entries: (C, r * F) normalised.
        mel_mean: (F,).
        mel_std: (F,).
        facts: about it.
    """

    entries: np.ndarray
    mel_mean: np.ndarray
    mel_std: np.ndarray
    facts: CodebookFacts

    def rescale(self, mel_mean: np.ndarray, mel_std: np.ndarray) -> np.ndarray:
        """Entries, normalised by another mean and deviation (F,)."""
        mel = self.entries.reshape(len(self.entries), -1, self.facts.n_mels) * self.mel_std + self.mel_mean
        return ((mel - mel_mean) / mel_std).reshape(self.entries.shape).astype(np.float32)


def write_codebook(path: Path, codebook: Codebook) -> None:
    """Write the file, atomically."""
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(getattr(codebook, name), np.float32) for name in ("mel_mean", "mel_std")}
    arrays["entries"] = np.ascontiguousarray(codebook.entries, np.float16)
    with replacing(path) as temporary:
        save_file(arrays, temporary, {FACTS: codebook.facts.model_dump_json()})
        temporary.chmod(0o644)  # safetensors makes files that nobody else can read


def read_codebook(path: Path) -> Codebook:
    """Read the file.

    Raises:
        InputError: it is missing, no codebook, or does not hold what its facts say.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no readable codebook ({error}); `tts codebook` makes one") from None
    if FACTS not in metadata or not {"entries", "mel_mean", "mel_std"} <= arrays.keys():
        raise InputError(f"{path}: safetensors, but no codebook; `tts codebook` makes one")
    facts = validate(CodebookFacts, json.loads(metadata[FACTS]), str(path))
    shapes = (facts.size, facts.patch_size * facts.n_mels), (facts.n_mels,), (facts.n_mels,)
    if tuple(arrays[name].shape for name in ("entries", "mel_mean", "mel_std")) != shapes:
        raise InputError(f"{path}: does not hold the {facts.size} entries that it speaks of; make it again by `tts codebook`")
    return Codebook(arrays["entries"].astype(np.float32), arrays["mel_mean"], arrays["mel_std"], facts)

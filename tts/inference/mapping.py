"""Mapping to a dictionary: each sampled frame, or patch, becomes the nearest entry of a codebook.

So a voice with a density speaks as if it had codes. Nearness is Euclidean or by the cosine of the angle, on normalised frames; it
is searched by numpy, or by FAISS (extra [faiss]), whose flat indices give the same answers. Letters: C entries, F mel bands, r
frames per patch, n rows, D values of a row.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from tts.errors import InputError
from tts.inference.voices import CODEBOOK_NAME
from tts.models.codebook import Codebook, read_codebook

Metric = Literal["euclidean", "cosine"]
Search = Literal["brute", "faiss"]

OPEN_LOOP = "open"


@dataclass(frozen=True)
class MapSpec:
    """How to map.

    Attributes:
        source: path of a codebook, or "codebook" for the voice's own.
        metric: what nearest means.
        search: how it is found.
        is_fed_back: whether the model hears the mapped frames as its history, or those that it sampled.
    """

    source: str
    metric: Metric = "euclidean"
    search: Search = "brute"
    is_fed_back: bool = True


def parse_map_spec(text: str) -> MapSpec:
    """Read `CODEBOOK[:euclidean|cosine][:brute|faiss][:open]`, such as `codebook:cosine`; words in any order.

    Raises:
        InputError: there is no codebook, or a word is unknown or contradicts another.
    """
    source, *words = text.split(":")
    if len(source) == 1 and source.isalpha() and words and words[0][:1] in ("\\", "/"):  # the drive of a Windows path
        source, words = f"{source}:{words[0]}", words[1:]
    if not source:
        raise InputError(f"{text!r}: names no codebook; write codebook:euclidean, or FILE:euclidean")
    chosen: dict[str, Any] = {}
    for word in words:
        name, value = _setting_of(word, text)
        if name in chosen:
            raise InputError(f"{text!r}: {word} is one word too many; take one of each kind")
        chosen[name] = value
    return MapSpec(source, **chosen)


def _setting_of(word: str, text: str) -> tuple[str, Any]:
    if word in get_args(Metric):
        return "metric", word
    if word in get_args(Search):
        return "search", word
    if word == OPEN_LOOP:
        return "is_fed_back", False
    raise InputError(f"{text!r}: unknown word {word!r}; take {', '.join((*get_args(Metric), *get_args(Search), OPEN_LOOP))}")


class BruteSearch:
    """Finds the nearest entries by one matrix product: those with the largest `row @ key - offset`; the first of equals."""

    def __init__(self, entries: np.ndarray, metric: Metric) -> None:
        """Take entries (C, D)."""
        is_cosine = metric == "cosine"
        self.keys = _unit(entries) if is_cosine else np.asarray(entries, np.float32)
        self.offsets = np.zeros(len(entries), np.float32) if is_cosine else 0.5 * np.square(self.keys).sum(1)

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Indices int64 (n,) of the entries nearest to rows (n, D)."""
        return (rows.astype(np.float32) @ self.keys.T - self.offsets).argmax(1)


class FaissSearch:
    """As BruteSearch, by FAISS."""

    def __init__(self, entries: np.ndarray, metric: Metric) -> None:
        """Take entries (C, D).

        Raises:
            InputError: FAISS is not installed.
        """
        if importlib.util.find_spec("faiss") is None:
            raise InputError("the search by faiss needs the extra [faiss]: pip install 'calm-tts[faiss]'; or take brute")
        import faiss

        is_cosine = metric == "cosine"
        self.index = faiss.IndexFlatIP(entries.shape[1]) if is_cosine else faiss.IndexFlatL2(entries.shape[1])
        self.index.add(_unit(entries) if is_cosine else np.ascontiguousarray(entries, np.float32))

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Indices int64 (n,) of the entries nearest to rows (n, D)."""
        found: np.ndarray = self.index.search(np.ascontiguousarray(rows, np.float32), 1)[1][:, 0]
        return found


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows (n, D) of length 1; a row of zeros stays."""
    unit: np.ndarray = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return unit


SEARCHES: dict[Search, type[BruteSearch] | type[FaissSearch]] = {"brute": BruteSearch, "faiss": FaissSearch}


class Mapper:
    """Maps patches of normalised frames to entries of a codebook.

    Args:
        codebook: the dictionary; its entries are brought to the scale of the voice.
        mel_mean: (F,) that the voice normalises frames by.
        mel_std: (F,).
        patch_size: frames of the voice's patches.
        spec: how to map; its source is not looked at.

    Raises:
        InputError: the codebook is for other frames than the voice speaks in.
    """

    def __init__(self, codebook: Codebook, mel_mean: np.ndarray, mel_std: np.ndarray, patch_size: int, spec: MapSpec) -> None:
        facts = codebook.facts
        if facts.n_mels != len(mel_mean) or (facts.space == "patch" and facts.patch_size != patch_size):
            raise InputError(
                f"{spec.source}: entries of {facts.patch_size} frames of {facts.n_mels} bands, but the voice speaks in patches of"
                f" {patch_size} frames of {len(mel_mean)} bands; fit one to the voice's features by `tts codebook`"
            )
        self.is_fed_back = spec.is_fed_back
        self.entries = codebook.rescale(mel_mean, mel_std)
        self.search = SEARCHES[spec.search](self.entries, spec.metric)

    def map(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest entries to a patch.

        Args:
            frames: (r, F) normalised.

        Returns:
            (r, F) what the entries stand for, and their indices, int64: (r,) of frames, (1,) of a patch.
        """
        indices = self.search.find(frames.reshape(-1, self.entries.shape[1]))
        return self.entries[indices].reshape(frames.shape), indices


def open_mapper(text: str, voice_folder: Path, mel_mean: np.ndarray, mel_std: np.ndarray, patch_size: int) -> Mapper:
    """Make the mapper that a spec asks for; see `parse_map_spec` and `Mapper`.

    Args:
        text: the spec.
        voice_folder: of the voice that is mapped.
        mel_mean: (F,) that the voice normalises frames by.
        mel_std: (F,).
        patch_size: frames of the voice's patches.

    Raises:
        InputError: the spec is wrong, there is no such codebook, or it does not go with the voice.
    """
    spec = parse_map_spec(text)
    path = voice_folder / CODEBOOK_NAME if spec.source == "codebook" else Path(spec.source)
    if not path.is_file():
        owner = f"the voice {voice_folder.name} has no codebook" if spec.source == "codebook" else f"{path}: no such file"
        raise InputError(f"{owner}; `tts codebook` makes one: name its file, as in FILE:{spec.metric}")
    return Mapper(read_codebook(path), mel_mean, mel_std, patch_size, spec)

"""Batches of the acoustic model: utterances put together, and what the model makes of their texts.

Letters: B batch, S tokens, T frames, P patches, r frames per patch, F mel bands, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tts.data.dataset import Utterance, pad
from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.models.config import SpeakerConfig
from tts.models.speakers import UNKNOWN
from tts.nn.masks import lengths_to_mask
from tts.text.durations import expand_durations

Batch = dict[str, Tensor]


def collate(utterances: list[Utterance], patch_size: int, speakers: SpeakerConfig | None = None) -> Batch:
    """Batch utterances that have durations; the mel's last frame is repeated to fill the last patch.

    Args:
        utterances: as a features folder gives them.
        patch_size: frames of a patch.
        speakers: of the model that the batch is for; None if it has one.

    Returns:
        tokens (B, S, 3), token_lengths (B,), durations (B, S), token_index (B, T), place (B, T, N_PLACE), mel (B, T, F),
        patch_lengths (B,), with T = P * patch_size; and speaker (B,), its place among those of the model, if it has several.
    """
    expanded = [expand_durations(_durations_of(utterance), patch_size) for utterance in utterances]
    mels = []
    for utterance, (token_index, _) in zip(utterances, expanded, strict=True):
        mel = utterance.mel.astype(np.float32)
        mels.append(np.concatenate((mel, np.repeat(mel[-1:], len(token_index) - len(mel), axis=0))))
    arrays = {
        "tokens": pad([utterance.tokens.astype(np.int64) for utterance in utterances]),
        "durations": pad([_durations_of(utterance).astype(np.int64) for utterance in utterances], 1),
        "token_index": pad([token_index for token_index, _ in expanded]),
        "place": pad([place for _, place in expanded]),
        "mel": pad(mels),
        "token_lengths": np.array([len(utterance.tokens) for utterance in utterances]),
        "patch_lengths": np.array([len(mel) // patch_size for mel in mels]),
    }
    if speakers is not None:
        places = {name: place for place, name in enumerate(speakers.names)}
        arrays["speaker"] = np.array([places.get(utterance.row.get("speaker", ""), UNKNOWN) for utterance in utterances])
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _durations_of(utterance: Utterance) -> np.ndarray:
    if utterance.durations is None:
        raise InputError("these features have no durations; `tts align` makes them")
    return utterance.durations


@dataclass
class Encoded:
    """A batch with its texts encoded.

    Attributes:
        conditions: (B, P, D).
        log_durations: (B, S) predicted.
        frames: (B, T, F) normalised mel, zero where there is none.
        token_mask: bool (B, S), True = real data.
        patch_mask: bool (B, P).
        frame_mask: bool (B, T).
    """

    conditions: Tensor
    log_durations: Tensor
    frames: Tensor
    token_mask: Tensor
    patch_mask: Tensor
    frame_mask: Tensor


def encode_batch(model: AcousticModel, batch: Batch) -> Encoded:
    """Encode the texts of a batch from `collate`, which lies on the model's device, with the durations of the recordings."""
    size = model.config.patch_size
    token_mask = lengths_to_mask(batch["token_lengths"], batch["tokens"].shape[1])
    patch_mask = lengths_to_mask(batch["patch_lengths"], batch["mel"].shape[1] // size)
    frame_mask = patch_mask.repeat_interleave(size, dim=1)
    speaker = None if model.speakers is None else model.speakers.look_up(batch["speaker"])
    memory, log_durations = model.encode(batch["tokens"], token_mask, speaker)
    conditions = model.condition(memory, batch["token_index"], batch["place"], patch_mask)
    frames = model.normalize(batch["mel"]) * frame_mask[..., None]
    return Encoded(conditions, log_durations, frames, token_mask, patch_mask, frame_mask)


def shift(frames: Tensor, patch_size: int) -> Tensor:
    """Frames (B, T, F) to the patch before each patch (B, P, r * F); zeros before the first."""
    patches = frames.unflatten(1, (-1, patch_size)).flatten(2)
    return torch.cat((torch.zeros_like(patches[:, :1]), patches[:, :-1]), dim=1)

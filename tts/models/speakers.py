"""Who speaks: the speakers' vectors, and what they add to the memory of a text.

The projection begins at zero, so a model that begins with the weights of a one-speaker voice begins as that voice. Letters: B
batch, K numbers of a vector, D width, n speakers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tts.models.config import SpeakerConfig

UNKNOWN = -1  # index of a speaker without a name


class Speakers(nn.Module):
    """Speakers' vectors (B, K) to what is added to every token's memory (B, D).

    A table's vectors are learned; references are embeddings of recordings, centred and scaled by what the training heard, since
    those of all people have most of their length in common.
    """

    known: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, config: SpeakerConfig, width: int) -> None:
        super().__init__()
        self.config = config
        shape = (max(1, len(config.names)), config.dim)
        if config.kind == "table":
            self.table = nn.Embedding(*shape)
            nn.init.normal_(self.table.weight, std=config.dim**-0.5)
        else:
            self.register_buffer("known", torch.zeros(shape))  # of each named speaker, the mean of their recordings
            self.register_buffer("centre", torch.zeros(config.dim))
            self.register_buffer("scale", torch.ones(()))
        self.projection = nn.Linear(config.dim, width)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    @property
    def vectors(self) -> Tensor:
        """The vectors (n, K) of the named speakers."""
        return self.table.weight if self.config.kind == "table" else self.known

    def look_up(self, speaker: Tensor) -> Tensor:
        """Vectors (B, K) of speakers' indices, int64 (B,); one that is UNKNOWN has the mean of all. Vectors stay as they are."""
        if speaker.is_floating_point():
            return speaker
        found = self.vectors[speaker.clamp_min(0)]
        return torch.where(speaker[:, None] == UNKNOWN, self.vectors.mean(0), found)

    def forward(self, vectors: Tensor) -> Tensor:
        """Project."""
        if self.config.kind == "reference":
            vectors = (vectors - self.centre) * self.scale
        projected: Tensor = self.projection(vectors)
        return projected

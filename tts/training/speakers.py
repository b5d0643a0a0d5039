"""What an acoustic model of several speakers learns them by.

A table's speakers are known by their places. A reference is told by the embedding of another clip of the same speaker, drawn anew
each time: of its own clip the model would hear how this very sentence was said, and lean on it, and whoever speaks by a recording
has one of other words. Validation, and a voice's named speakers, take the mean over a speaker's clips, which lies in the midst of
those. Letters: n clips, K numbers of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.models.config import SpeakerConfig
from tts.models.speakers import Speakers

MIN_SPREAD = 0.1  # of embeddings, whose length is 1; below, they are of one recording


def add_names(config: SpeakerConfig, data: FeatureFolder) -> SpeakerConfig:
    """The settings with the names of those speakers of a training split that are new.

    Raises:
        InputError: somebody has no name.
    """
    present = [data.speakers[place] for place in np.unique(data.speaker_places)]
    if "" in present:
        raise InputError(
            f"{data.folders[0]}: not all clips name their speaker, as model.speakers needs; "
            "`python recipes/heart/mix.py OUT NAME=FEATURES ...` names those of whole folders"
        )
    return config.model_copy(update={"names": (*config.names, *(name for name in present if name not in config.names))})


class References:
    """Embeddings of a training split's clips."""

    def __init__(self, data: FeatureFolder, seed: int = 0) -> None:
        """Read them.

        Args:
            data: a folder with embeddings.
            seed: of the draws.

        Raises:
            InputError: it has none.
        """
        self.names, self.seed, self.places = data.speakers, seed, data.speaker_places
        self.embeddings = np.stack([data.read_embedding(index).astype(np.float16) for index in range(len(data))])  # (n, K)
        self._clips = {int(place): np.flatnonzero(self.places == place) for place in np.unique(self.places)}

    def draw(self, indices: Sequence[int], step: int) -> Tensor:
        """For each of some clips the embedding of another by the same speaker, (B, K); its own, if there is none."""
        chosen = [self._other(index, step) for index in indices]
        return torch.from_numpy(self.embeddings[chosen].astype(np.float32))

    def _other(self, index: int, step: int) -> int:
        """A function of seed, step and clip alone, so that it is the same however many processes draw."""
        clips = self._clips[int(self.places[index])]
        if len(clips) == 1:
            return index
        drawn = int(clips[np.random.default_rng((self.seed, step, index)).integers(len(clips) - 1)])
        return int(clips[-1]) if drawn == index else drawn

    @torch.no_grad()
    def describe_to(self, speakers: Speakers) -> None:
        """Tell a model the mean of each of its named speakers, and how embeddings are spread."""
        embeddings = self.embeddings.astype(np.float32)
        for place, clips in self._clips.items():
            mean = embeddings[clips].mean(0)
            speakers.known[speakers.config.names.index(self.names[place])] = torch.from_numpy(mean / np.linalg.norm(mean))
        centre = embeddings.mean(0)
        spread = float(np.sqrt(((embeddings - centre) ** 2).sum(1).mean()))
        speakers.centre.copy_(torch.from_numpy(centre))
        speakers.scale.fill_(1 / max(spread, MIN_SPREAD))

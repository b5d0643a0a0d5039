"""Which utterances make the batch of a step: utterances of similar length together, a fixed number of frames per batch.

The draw is a function of seed and step alone, so that a resumed run continues exactly where it stopped.
"""

from __future__ import annotations

import numpy as np


class LengthSampler:
    """Batches of similar length, each utterance once an epoch."""

    def __init__(self, n_frames: np.ndarray, max_frames: int, seed: int = 0) -> None:
        """Prepare the draw.

        Args:
            n_frames: (n,) length of every utterance.
            max_frames: frames of a batch, padding included; a longer utterance is a batch of its own.
            seed: of the draw.
        """
        self.n_frames, self.max_frames, self.seed = n_frames, max_frames, seed
        self._first_step = 0
        self._epoch = -1
        self._batches: list[np.ndarray] = []

    def batch(self, step: int) -> np.ndarray:
        """Indices of the utterances of a step."""
        if step < self._first_step:
            self._first_step, self._epoch, self._batches = 0, -1, []
        while step >= self._first_step + len(self._batches):
            self._first_step += len(self._batches)
            self._epoch += 1
            self._batches = self.epoch_batches(self._epoch)
        return self._batches[step - self._first_step]

    def epoch_batches(self, epoch: int) -> list[np.ndarray]:
        """All batches of an epoch: every utterance once."""
        rng = np.random.default_rng((self.seed, epoch))
        order = np.argsort(self.n_frames * rng.uniform(0.9, 1.1, len(self.n_frames)), kind="stable")
        batches, start, longest = [], 0, 0
        for place, index in enumerate(order):
            longest = max(longest, int(self.n_frames[index]))
            if place > start and longest * (place + 1 - start) > self.max_frames:
                batches.append(order[start:place])
                start, longest = place, int(self.n_frames[index])
        batches.append(order[start:])
        return [batches[i] for i in rng.permutation(len(batches))]

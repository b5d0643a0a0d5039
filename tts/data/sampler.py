"""Which utterances make the batch of a step: utterances of similar length together, a fixed number of frames per batch.

The draw is a function of seed and step alone, so that a resumed run continues exactly where it stopped. A corpus larger than the
buffer is drawn buffer by buffer: runs of neighbours, which lie in one place on disk, are shuffled, some of them fill the buffer,
and inside it the draw is the same as in a small corpus; no more than a buffer of it is ever sorted or held.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BUFFER = 1 << 16  # utterances
RUN = 1 << 10  # utterances that stay together; a buffer holds parts of 64 places in the corpus


class LengthSampler:
    """Batches of similar length, each utterance once an epoch."""

    def __init__(
        self,
        n_frames: np.ndarray,
        max_frames: int,
        seed: int = 0,
        *,
        rank: int = 0,
        world_size: int = 1,
        buffer: int = BUFFER,
    ) -> None:
        """Prepare the draw.

        Args:
            n_frames: (n,) length of every utterance.
            max_frames: frames of a batch, padding and all ranks included; a longer utterance is a batch of its own.
            seed: of the draw.
            rank: which share of every batch is drawn, 0 to world_size - 1.
            world_size: shares; together they are the batch of a single process.
            buffer: utterances that are shuffled and sorted together.
        """
        assert 0 <= rank < world_size, f"rank {rank} of {world_size}"
        self.n_frames, self.max_frames, self.seed = n_frames, max_frames, seed
        self.rank, self.world_size, self.buffer = rank, world_size, buffer
        self._rewind()

    def _rewind(self) -> None:
        self._first_step = 0
        self._batches: list[np.ndarray] = []
        self._ahead = self._all_batches()

    def batch(self, step: int) -> np.ndarray:
        """Indices of the utterances of a step that are this rank's; the first of all for a rank without a share."""
        whole = self._whole(step)
        return whole[self.rank :: self.world_size] if self.rank < len(whole) else whole[:1]

    def shape(self, step: int) -> tuple[int, int]:
        """Utterances of a step, those of all ranks together, and the length of the longest, frames."""
        whole = self._whole(step)
        return len(whole), int(self.n_frames[whole].max())

    def _whole(self, step: int) -> np.ndarray:
        """Indices of all utterances of a step."""
        if step < self._first_step:
            self._rewind()
        while step >= self._first_step + len(self._batches):
            self._first_step += len(self._batches)
            self._batches = next(self._ahead)
        return self._batches[step - self._first_step]

    def epoch_batches(self, epoch: int) -> list[np.ndarray]:
        """All batches of an epoch, of all ranks together: every utterance once."""
        return [batch for batches in self._epoch(epoch) for batch in batches]

    def _all_batches(self) -> Iterator[list[np.ndarray]]:
        epoch = 0
        while True:
            yield from self._epoch(epoch)
            epoch += 1

    def _epoch(self, epoch: int) -> Iterator[list[np.ndarray]]:
        """Batches of an epoch, a buffer at a time."""
        rng = np.random.default_rng((self.seed, epoch))
        n = len(self.n_frames)
        if n <= self.buffer:
            yield self._cut(np.arange(n), rng)
            return
        run = max(1, min(RUN, self.buffer // 8))
        starts = run * rng.permutation(-(-n // run))
        per_buffer = max(1, self.buffer // run)
        for first in range(0, len(starts), per_buffer):
            indices = [np.arange(start, min(n, start + run)) for start in starts[first : first + per_buffer]]
            yield self._cut(np.concatenate(indices), rng)

    def _cut(self, indices: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """Sort utterances by a blurred length, cut them into batches, and shuffle the batches."""
        lengths = self.n_frames[indices]
        order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(indices)), kind="stable")
        batches, start, longest = [], 0, 0
        for place, length in enumerate(lengths[order].tolist()):
            longest = max(longest, length)
            if place > start and longest * (place + 1 - start) > self.max_frames:
                batches.append(indices[order[start:place]])
                start, longest = place, length
        batches.append(indices[order[start:]])
        return [batches[i] for i in rng.permutation(len(batches))]

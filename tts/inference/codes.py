"""Probabilities of a patch's codes in numpy: the codes head's counterpart of density.py.

Letters: r frames per patch, F frame channels, H width of the head's hidden layer, Q levels, C codes of a level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np

from tts.inference.density import Drawing, draw_index

N_MOMENT_DRAWS = 32  # from which mean and deviation are measured


class CodeReader(Protocol):
    """What a backend does for codes."""

    @property
    def n_levels(self) -> int:
        """Codes of a patch."""
        ...

    def logits_after(self, trunk: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Logits (1, C) of the level after int64 codes (1, q), q > 0, given the trunk (1, H)."""
        ...

    def decode_codes(self, codes: np.ndarray) -> np.ndarray:
        """Frames (r, F) that int64 codes (1, Q) stand for."""
        ...

    def encode_frames(self, frames: np.ndarray) -> np.ndarray:
        """The int64 codes (1, Q) nearest to frames (r, F)."""
        ...


@dataclass(frozen=True)
class CodesDensity:
    """Probabilities of the codes of one patch.

    Attributes:
        trunk: (1, H) what all levels read.
        logits: (1, C) of the first level.
        reader: which predicts the other levels, and knows what the codes stand for.
        offset: (F,) or (r, F) added to what the codes stand for.
        scale: factor of the temperature.
    """

    trunk: np.ndarray
    logits: np.ndarray
    reader: CodeReader
    offset: np.ndarray | None = None
    scale: float = 1.0

    @property
    def mean(self) -> np.ndarray:
        """Mean (r, F) over a few draws, always the same ones."""
        return self._moments[0]

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (r, F) over the same draws."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        draws = np.stack([self.sample(Drawing(1.0), rng) for _ in range(N_MOMENT_DRAWS)])
        return draws.mean(0), draws.std(0)

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw codes level after level, and give the frames (r, F) that they stand for."""
        drawing = replace(drawing, temperature=drawing.temperature * self.scale)
        codes = np.zeros((1, 0), np.int64)
        for _ in range(self.reader.n_levels):
            chosen = draw_index(self._logits_after(codes)[0], drawing, rng)
            codes = np.append(codes, np.array([[chosen]]), axis=1)
        frames = self.reader.decode_codes(codes)
        if self.offset is not None:
            frames = self.reader.decode_codes(self.reader.encode_frames(_float32(frames + self.offset)))
        return frames

    def _logits_after(self, codes: np.ndarray) -> np.ndarray:
        return self.reader.logits_after(self.trunk, codes) if codes.shape[1] else self.logits

    def log_prob(self, frames: np.ndarray) -> np.ndarray:
        """Log-probability of the codes of frames (r, F), nats, spread evenly over the frames (r,).

        Of a probability, not of a density: it cannot be compared with that of another head.
        """
        codes = self.reader.encode_frames(_float32(frames if self.offset is None else frames - self.offset))
        total = 0.0
        for level in range(codes.shape[1]):
            logits = self._logits_after(codes[:, :level])[0].astype(np.float64) / self.scale
            total += logits[codes[0, level]] - np.logaddexp.reduce(logits)
        return np.full(len(frames), total / len(frames))

    def shifted(self, offset: np.ndarray) -> Self:
        """What the codes stand for moved by an offset, (F,) or (r, F), then mapped to the nearest codes again.

        So an offset smaller than the codes are apart may change nothing: what is spoken is always made of codes.
        """
        return replace(self, offset=_float32(offset if self.offset is None else self.offset + offset))

    def scaled(self, factor: float) -> Self:
        """The temperature of all draws, and of log_prob, times a factor above 0; codes have no deviation of their own."""
        return replace(self, scale=self.scale * factor)


def _float32(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, np.float32)

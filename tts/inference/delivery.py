"""How one utterance is delivered: the doses of steering and the sigma of every token, and then of every patch that is drawn.

What markup sets for a word replaces what the request sets. Letters: S tokens, T frames, r frames per patch, F mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tts.inference.density import Density, Drawing
from tts.inference.sampling import SamplingConfig
from tts.inference.steering import PITCH, RATE, Steering
from tts.text.frontend import Utterance
from tts.text.manner import DIRECTIONS, SIGMA


@dataclass(frozen=True)
class Delivery:
    """Doses and sigma, of tokens or of frames.

    Attributes:
        symbols: int64 (S,) or (T,).
        doses: (S, 4) or (T, 4), in units of the directions.
        sigma: (S,) or (T,) factor of the standard deviation.
    """

    symbols: np.ndarray
    doses: np.ndarray
    sigma: np.ndarray

    def expand(self, token_index: np.ndarray) -> Delivery:
        """Of frames, from that of tokens and the token of each frame, int64 (T,)."""
        return Delivery(self.symbols[token_index], self.doses[token_index], self.sigma[token_index])

    def __getitem__(self, frames: slice) -> Delivery:
        """Of some of the frames."""
        return Delivery(self.symbols[frames], self.doses[frames], self.sigma[frames])


def plan_delivery(utterance: Utterance, sampling: SamplingConfig) -> Delivery | None:
    """The delivery of an utterance's tokens; None when nothing is asked for but what the voice does by itself."""
    tokens = utterance.tokens
    doses = np.zeros((len(tokens), len(DIRECTIONS)), np.float32)
    sigma = np.full(len(tokens), sampling.sigma, np.float32)
    for name, dose in sampling.steer.items():
        doses[:, DIRECTIONS.index(name)] = dose
    for word, manner in enumerate(utterance.manners):
        own = tokens.word_index == word
        for name, value in manner.items():
            if name == SIGMA:
                sigma[own] = value
            else:
                doses[own, DIRECTIONS.index(name)] = value
    return Delivery(tokens.ids, doses, sigma) if doses.any() or (sigma != 1).any() else None


def lengthen(steering: Steering | None, delivery: Delivery | None, log_durations: np.ndarray) -> np.ndarray:
    """Log durations (S,) at the rate that is asked for."""
    if steering is None or delivery is None or not delivery.doses[:, RATE].any():
        return log_durations
    return steering.lengthen(log_durations, delivery.symbols, delivery.doses[:, RATE])


def f0_factors(steering: Steering | None, frames: Delivery | None) -> np.ndarray | None:
    """What the vocoder's F0 (T,) is multiplied by; None when it stays."""
    if steering is None or frames is None or not frames.doses[:, PITCH].any():
        return None
    return steering.f0_factors(frames.doses[:, PITCH])


def draw(
    steering: Steering | None, density: Density, frames: Delivery, drawing: Drawing, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a patch as it is to be delivered.

    Args:
        steering: of the voice; None when no doses are asked for.
        density: of the patch.
        frames: delivery of its frames; the patch has one sigma, their mean.
        drawing: how it is drawn.
        rng: of the draw.

    Returns:
        (r, F) what is drawn, and what of it is steering; the rest is what the model hears as its history.
    """
    sigma = float(frames.sigma.mean())
    if sigma == 0:
        drawing = replace(drawing, temperature=0.0)
    elif sigma != 1:
        density = density.scaled(sigma)
    if steering is None or not frames.doses[:, :RATE].any():
        drawn = density.sample(drawing, rng)
        return drawn, np.zeros_like(drawn)
    offset = steering.offset(density.mean, frames.symbols, frames.doses)
    return density.shifted(offset).sample(drawing, rng), offset

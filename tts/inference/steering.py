"""Steering: a voice's density, durations and F0 moved along directions that were learned from its recordings.

Energy and brightness add a vector to the mean, one for voiced frames and one for others. Pitch exchanges the harmonics that the
mean shows for those of another pitch; what the vocoder then lacks of the F0 that was asked for, its F0 is multiplied by. Rate
stretches durations. What is added is taken off what the model hears as its history, or it would add up from patch to patch.
Letters: S tokens, T frames, r frames per patch, F mel bands, K levels of pitch, J of them within the speaker's range.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tts.errors import InputError
from tts.inference.voices import STEERING_NAME, Voice
from tts.models.steering import UNIT_NAMES, Directions, band_places, read_steering_for, smooth_bands
from tts.text.manner import DIRECTIONS

PITCH, ENERGY, BRIGHTNESS, RATE = range(len(DIRECTIONS))
VOICED_LEAST = 0.3  # share of a symbol's frames that are voiced, under which its pitch is left alone
SWAP_SEMITONES = 4.0  # downwards, from which the old harmonics are taken out wholly


class Steering:
    """What a voice can be steered along.

    Attributes:
        names: of the directions.
        units: what one unit of each is, in semitones, dB, octaves, and the logarithm of durations.
    """

    def __init__(self, directions: Directions) -> None:
        """Take the directions of a voice."""
        self.directions = directions
        self.names, self.units = DIRECTIONS, directions.facts.units
        n_bands = directions.templates.shape[1]
        self._step = float(directions.levels[1] - directions.levels[0])
        self._inner_levels = directions.levels[directions.inner]
        self._own = self._templates_at(self._inner_levels)
        self._is_low = (band_places(n_bands) >= 2) & (band_places(n_bands) < 40)  # where contrast is measured
        self._resolved = 1 / (1 + np.exp((band_places(n_bands) - 45) / 4))  # (F,) above, harmonics run together

    @property
    def description(self) -> Mapping[str, str]:
        """What one unit of each direction is, in words."""
        return {name: f"{self.units[name]:.2g} {UNIT_NAMES[name]}" for name in self.names}

    def lengthen(self, log_durations: np.ndarray, symbols: np.ndarray, doses: np.ndarray) -> np.ndarray:
        """Log durations (S,) of symbols (S,), faster by doses (S,) of rate."""
        longer: np.ndarray = log_durations - doses * self.units["rate"] * self.directions.stretch[symbols]
        return longer

    def f0_factors(self, doses: np.ndarray) -> np.ndarray:
        """What the vocoder's F0 is multiplied by under doses (T,) of pitch."""
        semitones = np.interp(doses, self.directions.f0_doses, self.directions.f0_missing)
        factors: np.ndarray = np.exp2(semitones / 12).astype(np.float32)
        return factors

    def offset(self, mean: np.ndarray, symbols: np.ndarray, doses: np.ndarray) -> np.ndarray:
        """What is added to the mean of a patch.

        Args:
            mean: (r, F) normalised.
            symbols: int64 (r,) that each frame belongs to.
            doses: (r, >= 3) of pitch, energy, brightness.

        Returns:
            (r, F) float32.
        """
        gains = doses[:, :RATE] @ self.directions.gains.T
        share = self.directions.voiced_share[symbols][:, None]
        vectors = [share * voiced + (1 - share) * unvoiced for voiced, unvoiced in self._vectors]  # 2 of (r, F)
        offset = (gains[:, ENERGY, None] * vectors[0] + gains[:, BRIGHTNESS, None] * vectors[1]) * (share >= 0)
        for gain in np.unique(gains[:, PITCH]):
            rows = np.flatnonzero((gains[:, PITCH] == gain) & (share[:, 0] > VOICED_LEAST))
            if gain and len(rows):
                offset[rows] += self._move_pitch(mean[rows], float(gain) * self.units["pitch"])
        return offset.astype(np.float32)

    @property
    def _vectors(self) -> zip[tuple[np.ndarray, np.ndarray]]:
        return zip(self.directions.voiced, self.directions.unvoiced, strict=True)

    def _move_pitch(self, mean: np.ndarray, semitones: float) -> np.ndarray:
        """What moves the harmonics of frames (n, F) by so many semitones: the template of each frame's level for that of the new.

        Templates of low pitches are weak, so on the way down what is left of the old harmonics is taken out too.
        """
        posterior = self._posterior(mean)
        levels = posterior[:, :-1]
        new = levels @ self._templates_at(self._inner_levels + semitones)
        moved: np.ndarray = new - levels @ self._own
        share = float(np.clip(-semitones / SWAP_SEMITONES, 0, 1))
        if share:
            old = mean - smooth_bands(mean)
            contrast = old[:, self._is_low].std(1) / np.maximum(new[:, self._is_low].std(1), 0.05)
            swapped = (np.clip(contrast, 0, 3)[:, None] * new - old) * (1 - posterior[:, -1:]) * self._resolved
            moved = (1 - share) * moved + share * swapped
        return moved

    def _posterior(self, mean: np.ndarray) -> np.ndarray:
        """Probabilities (n, J + 1) of the levels, the last being none, of frames (n, F)."""
        made = self.directions
        scores = (mean - made.level_offset) @ made.level_weights.T + made.level_bias
        chances = np.exp(scores - scores.max(1, keepdims=True))
        posterior: np.ndarray = chances / chances.sum(1, keepdims=True)
        return posterior

    def _templates_at(self, pitches: np.ndarray) -> np.ndarray:
        """Templates (n, F) at pitches (n,), interpolated between levels; the ends go on as they are."""
        levels, templates = self.directions.levels, self.directions.templates
        place = np.clip((pitches - levels[0]) / self._step, 0, len(levels) - 1 - 1e-6)
        below = place.astype(np.int64)
        share = (place - below)[:, None]
        mixed: np.ndarray = (1 - share) * templates[below] + share * templates[below + 1]
        return mixed


def open_steering(voice: Voice) -> Steering | None:
    """The steering of a voice, None if it has none.

    Raises:
        InputError: it is damaged, or made for another voice.
    """
    path = voice.file(STEERING_NAME)
    if not path.is_file():
        return None
    return Steering(read_steering_for(path, voice.config.acoustic.n_mels, len(voice.symbols)))


def require_steering(steering: Steering | None, voice: str) -> Steering:
    """The steering of a voice that has one.

    Raises:
        InputError: it has none.
    """
    if steering is None:
        raise InputError(
            f"voice {voice!r} has no steering: leave it out, or make one by `tts steer` and `tts package --steering`"
        )
    return steering

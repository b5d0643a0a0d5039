"""The directions that a voice can be steered along, as a file; imports no torch, so that speech can be steered without.

A direction's unit is one standard deviation of its attribute over the words of the voice's recordings, each compared with words
of the same sounds at the same place in a sentence. The file is safetensors; its metadata hold the facts as JSON. What is in it is
learned by tts/training/steering.py. Letters: F mel bands, V symbols, K levels of pitch, J of them within the speaker's range.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.checkpoint import replacing
from tts.config import validate
from tts.errors import InputError
from tts.text.manner import DIRECTIONS

FACTS = "steering"  # key of the metadata
UNIT_NAMES = {"pitch": "semitones", "energy": "dB", "brightness": "octaves", "rate": "of the logarithm of durations"}


class SteeringFacts(BaseModel):
    """What the directions are, and how they were learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: dict[str, float]  # of each direction: semitones, dB, octaves, logarithm of a duration
    mel: dict[str, float]  # settings of the mel
    seed: int  # of the choice of utterances
    n_utterances: int = Field(gt=0)  # that the directions were learned from
    n_calibrated: int = Field(0, ge=0)  # sentences that the voice spoke to calibrate them


@dataclass(frozen=True)
class Directions:
    """What is added to normalised frames, durations and F0.

    Attributes:
        levels: (K,) pitches, semitones from the speaker's usual one, evenly spaced.
        templates: (K, F) what the harmonics of a pitch look like, less what all pitches have in common.
        inner: (J,) int64 places in levels that lie within the speaker's range.
        level_weights: (J + 1, F) of the discriminant that finds a frame's level; the last is for frames without harmonics.
        level_bias: (J + 1,).
        level_offset: (F,) is taken off a frame before.
        voiced_share: (V,) how often a symbol's frames are voiced; -1 for pauses, which are not steered.
        voiced: (2, F) one unit of energy and of brightness, in voiced frames.
        unvoiced: (2, F) the same in others.
        stretch: (V,) how far a symbol's duration goes with the rate, 1 on average.
        gains: (3, 3) what doses of pitch, energy and brightness are multiplied by so that each changes its own attribute alone.
        f0_doses: (D,) doses of pitch, ascending ...
        f0_missing: (D,) ... and the semitones that the vocoder's F0 lacks there of what was asked.
        facts: about them.
    """

    levels: np.ndarray
    templates: np.ndarray
    inner: np.ndarray
    level_weights: np.ndarray
    level_bias: np.ndarray
    level_offset: np.ndarray
    voiced_share: np.ndarray
    voiced: np.ndarray
    unvoiced: np.ndarray
    stretch: np.ndarray
    gains: np.ndarray
    f0_doses: np.ndarray
    f0_missing: np.ndarray
    facts: SteeringFacts

    def calibrated(self, gains: np.ndarray, f0_doses: np.ndarray, f0_missing: np.ndarray, n_calibrated: int) -> Directions:
        """The same directions with what was measured on the voice, by so many sentences."""
        facts = self.facts.model_copy(update={"n_calibrated": n_calibrated})
        return replace(self, gains=gains, f0_doses=f0_doses, f0_missing=f0_missing, facts=facts)


_ARRAYS = tuple(field.name for field in fields(Directions) if field.name != "facts")


def smooth_bands(frames: np.ndarray) -> np.ndarray:
    """Frames (n, F) without their harmonics: each band averaged with its neighbours, a sixth of all, under a Hann window."""
    n_bands = frames.shape[1]
    width = max(3, round(0.17 * n_bands) | 1)
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(frames, ((0, 0), (width // 2, width // 2)), mode="edge")
    smooth: np.ndarray = sum(padded[:, k : k + n_bands] * weight for k, weight in enumerate(window / window.sum()))
    return smooth


def band_places(n_bands: int) -> np.ndarray:
    """Places (F,) of the bands on the mel scale, 0 to 100."""
    return np.arange(n_bands) * (100 / n_bands)


def write_steering(path: Path, directions: Directions) -> None:
    """Write the file, atomically."""
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(getattr(directions, name)) for name in _ARRAYS}
    arrays = {name: array if array.dtype == np.int64 else array.astype(np.float32) for name, array in arrays.items()}
    with replacing(path) as temporary:
        save_file(arrays, temporary, {FACTS: directions.facts.model_dump_json()})
        temporary.chmod(0o644)  # safetensors makes files that nobody else can read


def read_steering(path: Path) -> Directions:
    """Read the file.

    Raises:
        InputError: it is missing, no steering, or does not hold what it should.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: no readable steering ({error}); `tts steer` makes one") from None
    if FACTS not in metadata or set(_ARRAYS) != arrays.keys():
        raise InputError(f"{path}: safetensors, but no steering; `tts steer` makes one")
    directions = Directions(**arrays, facts=validate(SteeringFacts, json.loads(metadata[FACTS]), str(path)))
    if not _is_whole(directions):
        raise InputError(f"{path}: its arrays do not fit together; make it again by `tts steer`")
    return directions


def read_steering_for(path: Path, n_bands: int, n_symbols: int) -> Directions:
    """Read the file for a voice of so many bands and symbols.

    Raises:
        InputError: it is no steering, or made for another voice.
    """
    made = read_steering(path)
    own = made.templates.shape[1], len(made.stretch)
    if own != (n_bands, n_symbols):
        raise InputError(
            f"{path}: made for {own[0]} bands and {own[1]} symbols, but the voice has {n_bands} and {n_symbols}; make one for it"
            " by `tts steer`"
        )
    return made


def _is_whole(made: Directions) -> bool:
    """Whether the shapes are those of one set of directions."""
    n_bands, n_levels, n_inner = int(made.facts.mel.get("n_mels", 0)), len(made.levels), len(made.inner)
    shapes = {
        "levels": (n_levels,),
        "templates": (n_levels, n_bands),
        "inner": (n_inner,),
        "level_weights": (n_inner + 1, n_bands),
        "level_bias": (n_inner + 1,),
        "level_offset": (n_bands,),
        "voiced_share": (len(made.stretch),),
        "voiced": (2, n_bands),
        "unvoiced": (2, n_bands),
        "stretch": (len(made.stretch),),
        "gains": (3, 3),
        "f0_doses": (len(made.f0_doses),),
        "f0_missing": (len(made.f0_doses),),
    }
    is_ordered = n_levels > 1 and n_inner > 0 and bool(((made.inner >= 0) & (made.inner < n_levels)).all())
    names_are_ours = set(made.facts.units) == set(DIRECTIONS)
    return is_ordered and names_are_ours and all(getattr(made, name).shape == shape for name, shape in shapes.items())

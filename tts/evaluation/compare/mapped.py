"""A voice whose draws are mapped to a codebook (inference/mapping.py), by a wrapper of its backend; the engine is not changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tts.inference.backend import Backend
from tts.inference.density import Density, Drawing
from tts.inference.engine import TTS
from tts.inference.mapping import Mapper, open_mapper


@dataclass
class MappedState:
    """State of a backbone whose draws are mapped.

    Attributes:
        inner: of the backend.
        drawn: (r, F) the last patch before it was mapped; None before the first.
    """

    inner: Any
    drawn: np.ndarray | None = None


@dataclass(frozen=True)
class MappedDensity:
    """A density whose draws are mapped; what was drawn stays in the state."""

    inner: Density
    mapper: Mapper
    state: MappedState

    def sample(self, drawing: Drawing, rng: np.random.Generator) -> np.ndarray:
        """Draw a patch (r, F) and map it."""
        self.state.drawn = self.inner.sample(drawing, rng)
        return self.mapper.map(self.state.drawn)[0]


class MappedBackend:
    """A backend whose densities are mapped; all else is passed on."""

    def __init__(self, inner: Backend, mapper: Mapper) -> None:
        """Wrap `inner`."""
        self.inner, self.mapper = inner, mapper

    def __getattr__(self, name: str) -> Any:
        """What is not wrapped."""
        return getattr(self.inner, name)

    def init_state(self) -> MappedState:
        """See Backend."""
        return MappedState(self.inner.init_state())

    def step(self, condition: np.ndarray, previous: np.ndarray, state: MappedState) -> MappedDensity:
        """See Backend; without feedback the model hears what it drew, not what it was mapped to."""
        if not self.mapper.is_fed_back and state.drawn is not None:
            previous = state.drawn
        return MappedDensity(self.inner.step(condition, previous, state.inner), self.mapper, state)


def with_mapping(tts: TTS, spec: str) -> TTS:
    """The same voice with its draws mapped; spec as in `open_mapper`."""
    mapper = open_mapper(spec, tts.voice.folder, tts.mel_mean, tts.mel_std, tts.voice.config.acoustic.patch_size)
    mapped = TTS(tts.voice, MappedBackend(tts.backend, mapper))  # type: ignore[arg-type]
    mapped.front_end = tts.front_end
    return mapped

"""What the engine needs of a backend: four pure functions over numpy arrays, and who provides them.

Letters: S tokens, D width, K numbers of a speaker's vector, T frames, P patches, r frames per patch, F mel bands.
"""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol

import numpy as np

from tts.codec.synthesis import SpectrumFrames
from tts.errors import InputError
from tts.inference.density import Density
from tts.inference.voices import Voice


class Backend(Protocol):
    """Runs a voice's networks; owns no state of any utterance."""

    def encode(self, tokens: np.ndarray, speaker: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Memory (S, D) and log durations (S,) of int64 tokens (S, 3), said by a speaker (K,) if the voice has several."""
        ...

    def condition(self, memory: np.ndarray, token_index: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Conditions (P, D) from memory (S, D), token_index (T,) and place (T, N_PLACE)."""
        ...

    def init_state(self) -> Any:
        """State of the backbone before the first patch."""
        ...

    def step(self, condition: np.ndarray, previous: np.ndarray, state: Any) -> Density:
        """Density of the next patch from its condition (D,) and the previous patch (r, F); updates the state."""
        ...

    def init_vocoder_state(self) -> Any:
        """State of the vocoder before the first frame."""
        ...

    def vocode(self, mel: np.ndarray, mel_now: np.ndarray, state: Any) -> SpectrumFrames:
        """Parameters for mel_now (T, F), given the mel (T, F) `lookahead` frames later; updates the state."""
        ...


def load_backend(voice: Voice, kind: str = "onnx", device: str = "cpu", n_threads: int = 1) -> Backend:
    """Open a voice's networks.

    Args:
        voice: a checked voice.
        kind: "onnx" (CPU) or "torch" (the reference, any device).
        device: of torch.
        n_threads: threads of one operation.

    Raises:
        InputError: unknown kind, or torch is not installed.
    """
    if kind == "onnx":
        from tts.inference.onnx_backend import OnnxBackend

        return OnnxBackend(voice, n_threads)
    if kind != "torch":
        raise InputError(f"unknown backend {kind!r}: take onnx or torch")
    if importlib.util.find_spec("torch") is None:
        raise InputError("the torch backend needs the extra [train]: pip install 'calm-tts[train]'")
    from tts.inference.torch_backend import TorchBackend

    return TorchBackend(voice, device, n_threads)

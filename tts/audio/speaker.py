"""How a speaker sounds: Resemblyzer's embedding of a recording (Apache-2.0, weights included). Needs the extra [speakers].

Source: Wan et al., Generalized end-to-end loss for speaker verification (arXiv 1710.10467). Letters: N samples.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tts.audio.io import read_mono
from tts.audio.resample import resample
from tts.errors import InputError

EMBEDDING_DIM = 256
RATE = 16_000  # Hz, that Resemblyzer listens at
MIN_SECONDS = 1.0  # of a recording that says how somebody sounds
MIN_VOICED_SECONDS = 0.4  # of speech, to leave the rest out of
MIN_PEAK = 1e-3


@lru_cache(maxsize=1)
def _resemblyzer() -> tuple[Any, Any]:
    """The package, and its encoder.

    Raises:
        InputError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports what is deprecated
            import resemblyzer
    except ModuleNotFoundError as error:
        raise InputError(
            f"hearing who speaks needs {error.name}, which comes with the extra [speakers]: pip install 'calm-tts[speakers]'"
        ) from None
    return resemblyzer, resemblyzer.VoiceEncoder("cpu", verbose=False)


def embed_speaker(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """How the speaker of a recording sounds.

    Silence is left out, unless hardly anything else is there.

    Args:
        waveform: (N,) mono samples in [-1, 1].
        sample_rate: Hz.

    Returns:
        (256,) float32 of length 1.

    Raises:
        InputError: it is silent, or the extra is missing.
    """
    resemblyzer, encoder = _resemblyzer()
    audio = resample(waveform.astype(np.float32), sample_rate, RATE)
    if not len(audio) or float(np.abs(audio).max()) < MIN_PEAK:
        raise InputError("it is silent")
    speech = resemblyzer.preprocess_wav(audio)
    embedding: np.ndarray = encoder.embed_utterance(speech if len(speech) >= MIN_VOICED_SECONDS * RATE else audio)
    return embedding.astype(np.float32)


def embed_recording(path: Path) -> np.ndarray:
    """How the speaker of a file sounds, (256,); see `embed_speaker`.

    Raises:
        InputError: it cannot be read, is silent or too short, or the extra is missing.
    """
    audio, rate = read_mono(path)
    if len(audio) < MIN_SECONDS * rate:
        raise InputError(f"{path}: {len(audio) / rate:.2f} s are too short to tell a speaker by; take {MIN_SECONDS:g} s or more")
    try:
        return embed_speaker(audio, rate)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None

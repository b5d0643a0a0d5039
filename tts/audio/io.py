"""Reading and writing audio files by soundfile; the suffix names the format. No torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from tts.errors import InputError


def read_audio(path: Path, sample_rate: int) -> np.ndarray:
    """Read a file as mono at a sample rate.

    Returns:
        (N,) float32 in [-1, 1].

    Raises:
        InputError: the file is missing, empty or no audio.
    """
    try:
        audio, rate = sf.read(path, dtype="float32", always_2d=True)
    except (OSError, sf.LibsndfileError) as error:
        raise InputError(f"{path}: cannot be read as audio ({error})") from None
    if not len(audio):
        raise InputError(f"{path}: holds no audio")
    mono = audio.mean(axis=1)
    if rate != sample_rate:
        import librosa  # only recordings of another rate need it

        mono = librosa.resample(mono, orig_sr=rate, target_sr=sample_rate)
    return np.ascontiguousarray(mono, dtype=np.float32)

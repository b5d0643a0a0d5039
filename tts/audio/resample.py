"""Another sample rate, by soxr. No torch."""

from __future__ import annotations

import numpy as np

from tts.errors import InputError


def resample(waveform: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Bring (N,) float32 samples from `rate` to `sample_rate`, Hz, if that is needed.

    Raises:
        InputError: it cannot be done.
    """
    if rate == sample_rate:
        return waveform
    import soxr

    try:
        resampled: np.ndarray = soxr.resample(waveform, rate, sample_rate)
    except ValueError as error:
        raise InputError(f"{rate} Hz cannot be made {sample_rate} Hz ({error})") from None
    return np.ascontiguousarray(resampled, dtype=np.float32)

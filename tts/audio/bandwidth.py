"""How wide the band of a recording is, as its mel shows. No torch. Letters: T frames, F mel bands."""

from __future__ import annotations

import numpy as np

from tts.audio.mel_config import MelConfig, mel_borders
from tts.audio.silence import is_silent

PERCENT = 99.0  # of the frames that sound are below the level of a band; sibilants, which fill the upper ones, are few
DROP_DB = 40.0  # a band this far below the loudest is empty: the highest of speech at 24 kHz are 26 dB below it at most
NARROW = 0.75  # of the band that the sample rate allows; 9 of 12 kHz


def measure_bandwidth(mel: np.ndarray, config: MelConfig) -> float:
    """The frequency of the highest mel band with sound in it, Hz, of (T, F) natural-log magnitude.

    Noise 65 dB below full scale, or a resampler that leaves images of what lies below, fills the bands of a narrow recording.
    """
    levels = np.percentile(mel[~is_silent(mel)], PERCENT, axis=0)
    filled = np.flatnonzero(levels > levels.max() - DROP_DB * np.log(10) / 20)
    return float(mel_borders(config)[1 + filled[-1]])


def is_narrow(mel: np.ndarray, config: MelConfig) -> bool:
    """Whether a recording lacks the upper quarter of the band, as one that was made at 16 kHz does."""
    return measure_bandwidth(mel, config) < NARROW * config.sample_rate / 2

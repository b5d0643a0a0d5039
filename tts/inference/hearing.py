"""A recording as a voice hears it: brought to the voice's sample rate and level, its ends trimmed, as mel frames. No torch.

Letters: N samples, T frames, F mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.audio.listening import log_mel
from tts.audio.mel_config import MelConfig, mel_borders
from tts.audio.resample import resample
from tts.audio.silence import find_speech, is_silent
from tts.codec.config import VocoderConfig
from tts.data.clean import SILENT_PEAK, remove_offset
from tts.errors import InputError

FLOOR = MelConfig().floor
UNDER_FLOOR = 1e-12  # so that a gain may lift what is below the floor
MAX_SECONDS = 120.0  # of one recording
CARRIED = 0.9  # share of the band below half the lower sample rate that resampling leaves as it is


@dataclass(frozen=True)
class Heard:
    """What is heard of a recording.

    Attributes:
        mel: (T, F) natural-log mel; what is unknown is filled with what is usual.
        start: seconds of the recording before the first frame.
        known: bool (F,) bands that the recording's sample rate can carry.
    """

    mel: np.ndarray
    start: float
    known: np.ndarray


def hear(audio: np.ndarray, sample_rate: int, config: VocoderConfig, usual: np.ndarray, level: np.ndarray | None = None) -> Heard:
    """Listen to a recording.

    Args:
        audio: (N,) mono samples in [-1, 1].
        sample_rate: Hz.
        config: of the voice whose mel it shall be.
        usual: (F,) mean of the voice's natural-log mel.
        level: (F,) of the voice's speech, see `speech_level`, to which one gain brings the recording; None leaves it as it is.

    Raises:
        InputError: the audio is silent, no numbers, too short or too long.
    """
    seconds = len(audio) / sample_rate
    if seconds > MAX_SECONDS:
        raise InputError(f"{seconds:.0f} s of audio: more than {MAX_SECONDS:g} s; cut it into clips with a text each")
    if not len(audio) or not np.isfinite(audio).all() or np.ptp(audio) < SILENT_PEAK:
        raise InputError("the audio is silent, or holds samples that are no numbers")
    waveform = resample(remove_offset(audio.astype(np.float32)), sample_rate, config.sample_rate)
    analysis = MelConfig(
        sample_rate=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels, floor=UNDER_FLOOR
    )
    mel = log_mel(waveform, analysis)
    known = known_bands(analysis, sample_rate)
    if level is not None:
        mel += np.float32(gain_between(speech_level(mel), level, known))
    mel = np.maximum(mel, np.float32(np.log(FLOOR)))
    kept = find_speech(mel)
    return Heard(fill(mel[kept], known, usual), kept.start * config.hop_length / config.sample_rate, known)


def known_bands(config: MelConfig, sample_rate: int) -> np.ndarray:
    """Bool (F,): which bands of a mel a recording of a sample rate, Hz, carries undamped."""
    if sample_rate == config.sample_rate:
        return np.ones(config.n_mels, bool)
    known: np.ndarray = mel_borders(config)[2:] < CARRIED * min(sample_rate, config.sample_rate) / 2
    return known


def speech_level(mel: np.ndarray) -> np.ndarray:
    """Natural logarithm of the mean magnitude (F,) of each band, over the frames (T, F) that are not silent."""
    level: np.ndarray = np.log(np.exp(mel[~is_silent(mel)]).mean(axis=0))
    return level


def gain_between(level: np.ndarray, wanted: np.ndarray, known: np.ndarray) -> float:
    """Natural logarithm of the gain that brings one level (F,) to another, by the known bands (F,) alone."""
    return float(np.logaddexp.reduce(wanted[known]) - np.logaddexp.reduce(level[known]))


def fill(mel: np.ndarray, known: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Give the unknown bands of (T, F) the usual shape (F,), at the height of the known ones in the same frame."""
    height = (mel[:, known] - usual[known]).mean(axis=1, keepdims=True)
    filled: np.ndarray = np.where(known, mel, usual + height).astype(np.float32)
    return filled

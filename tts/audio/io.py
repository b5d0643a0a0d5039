"""Reading and writing audio files by soundfile; the suffix names the format. No torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

from tts.checkpoint import replacing
from tts.errors import InputError

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}


def format_of(path: Path) -> tuple[str, str]:
    """Container and encoding that a path's suffix names.

    Raises:
        InputError: unknown suffix.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(FORMATS)
        raise InputError(f"{path}: unknown audio suffix {path.suffix!r}; take one of {known}") from None


def to_pcm16(audio: np.ndarray) -> np.ndarray:
    """Float samples in [-1, 1] to int16; what is louder is clipped."""
    pcm: np.ndarray = np.round(np.clip(audio, -1, 1) * 32767).astype("<i2")
    return pcm


def write_audio(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """Write a file, complete or not at all; the suffix names the format.

    Args:
        path: the file.
        audio: (N,) float32 in [-1, 1].
        sample_rate: Hz; Opus knows 8, 12, 16, 24 and 48 kHz.

    Raises:
        InputError: unknown suffix, or the file cannot be written.
    """
    container, encoding = format_of(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    try:
        with replacing(path) as temporary:
            sf.write(temporary, to_pcm16(audio), sample_rate, format=container, subtype=encoding)
    except (OSError, sf.LibsndfileError) as error:
        raise InputError(f"{path}: cannot be written ({error})") from None


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

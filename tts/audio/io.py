"""Reading and writing audio files by soundfile; the suffix names the format. No torch."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile as sf

from tts.checkpoint import replacing
from tts.errors import InputError

F = TypeVar("F")
FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}
BLOCK_SAMPLES = 1 << 16  # written at once: libsndfile's Vorbis encoder puts a whole call on the stack
UNKNOWN_BYTES = 0xFFFFFFFF  # in the header of a WAV stream, whose length nobody knows yet


def format_of(path: Path) -> tuple[str, str]:
    """Container and encoding that a path's suffix names.

    Raises:
        InputError: unknown suffix.
    """
    return pick_by_suffix(path, FORMATS, "audio")


def pick_by_suffix(path: Path, formats: dict[str, F], what: str) -> F:
    """Look a path's suffix up.

    Raises:
        InputError: unknown suffix for what is to be written.
    """
    try:
        return formats[path.suffix.lower()]
    except KeyError:
        raise InputError(f"{path}: unknown suffix {path.suffix!r} for {what}; take one of {', '.join(formats)}") from None


def to_pcm16(audio: np.ndarray) -> np.ndarray:
    """Float samples in [-1, 1] to int16; what is louder is clipped."""
    pcm: np.ndarray = np.round(np.clip(audio, -1, 1) * 32767).astype("<i2")
    return pcm


def check_writable(path: Path) -> None:
    """Refuse a path that no file can be written to, before any work is done.

    Raises:
        InputError: the path is a folder or a device, or its folder does not exist.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no ordinary file; name another")
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written (there is no folder {path.parent})")


@contextmanager
def open_audio(path: Path, sample_rate: int) -> Iterator[Callable[[np.ndarray], None]]:
    """Write a file piece by piece; it is there when the block ends well, and not at all when it does not.

    Args:
        path: the file; its suffix names the format.
        sample_rate: Hz; Opus knows 8, 12, 16, 24 and 48 kHz.

    Yields:
        A function that takes the next samples, (N,) float32 in [-1, 1].

    Raises:
        InputError: unknown suffix, or the file cannot be written.
    """
    check_writable(path)
    container, encoding = format_of(path)
    try:
        with replacing(path) as temporary:
            file = sf.SoundFile(temporary, "w", sample_rate, 1, format=container, subtype=encoding)
            with file:
                yield lambda audio: file.write(to_pcm16(audio))
    except (OSError, sf.LibsndfileError) as error:
        raise InputError(f"{path}: cannot be written ({error})") from None


def write_audio(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """Write a file, complete or not at all; the suffix names the format.

    Args:
        path: the file.
        audio: (N,) float32 in [-1, 1].
        sample_rate: Hz; Opus knows 8, 12, 16, 24 and 48 kHz.

    Raises:
        InputError: unknown suffix, or the file cannot be written.
    """
    with open_audio(path, sample_rate) as write:
        for start in range(0, len(audio), BLOCK_SAMPLES):
            write(audio[start : start + BLOCK_SAMPLES])


def wav_stream_header(sample_rate: int) -> bytes:
    """Header of a mono 16-bit WAV of unknown length: samples of `to_pcm16` may follow for ever."""
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return (
        struct.pack("<4sI4s4s", b"RIFF", UNKNOWN_BYTES, b"WAVE", b"fmt ") + layout + struct.pack("<4sI", b"data", UNKNOWN_BYTES)
    )


def read_mono(path: Path) -> tuple[np.ndarray, int]:
    """Read a file as it is, its channels averaged.

    Returns:
        (N,) float32 in [-1, 1], and its sample rate in Hz.

    Raises:
        InputError: the file is missing, empty or no audio.
    """
    try:
        audio, rate = sf.read(path, dtype="float32", always_2d=True)
    except (OSError, sf.LibsndfileError) as error:
        raise InputError(f"{path}: cannot be read as audio ({error})") from None
    if not len(audio):
        raise InputError(f"{path}: holds no audio")
    return audio.mean(axis=1), rate

"""The audio of a clip as it was recorded: read with suspicion, since headers lie and files end early."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile as sf

from tts.data.clips import BadClip, Clip, printable

RATES_HZ = (4_000, 384_000)  # of a header that can be believed
STREAMED = (0, 0x7FFFF000)  # a data size of 0, or from here on, means that the writer did not know it
MP3_SLACK = 1_152  # samples, one frame, that a decoder may give less than the header says
MAX_READ = 4  # a recording longer than so many times the longest clip is not even read
OGG_TAIL = 1 << 17  # bytes in which the last page of an Ogg stream begins


def read_recording(clip: Clip, max_seconds: float) -> tuple[np.ndarray, int]:
    """Read a clip's audio as it is.

    Args:
        clip: the clip; only its own part of the audio is read.
        max_seconds: the longest clip that will be used.

    Returns:
        (N, channels) float32, and the sample rate in Hz.

    Raises:
        BadClip: no audio, or audio that is not what it says it is.
    """
    if clip.audio is None:
        raise BadClip("no audio", "the audio is missing")
    name = "the audio" if isinstance(clip.audio, bytes) else printable(str(clip.audio))
    with _open(clip.audio, name) as file:
        head = _check_ends(file, name)
        try:
            with sf.SoundFile(file) as audio:
                _check_header(audio, head, name)
                return _read(audio, clip, max_seconds, name), audio.samplerate
        except BadClip:
            raise
        except (OSError, sf.LibsndfileError, ValueError, TypeError) as error:
            reason = getattr(error, "error_string", error)
            raise BadClip("unreadable", f"{name}: cannot be read as audio ({reason})") from None


def _check_header(audio: sf.SoundFile, head: bytes, name: str) -> None:
    """Refuse what a header says and cannot be; a decoder that looks for MP3 finds some in any noise."""
    is_mp3 = head[:3] == b"ID3" or _is_mpeg_frame(head)
    if audio.format in ("MP3", "MPEG") and not is_mp3 and not name.lower().endswith(".mp3"):
        raise BadClip("unreadable", f"{name}: cannot be read as audio (its header is missing)")
    if not RATES_HZ[0] <= audio.samplerate <= RATES_HZ[1]:
        raise BadClip("lying header", f"{name}: a sample rate of {audio.samplerate} Hz cannot be right")
    if audio.frames <= 0:
        raise BadClip("empty", f"{name}: holds no audio")


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether a file begins with a frame of MPEG audio, layer II or III; samples of -1, 0xFFFF, look like one of layer I."""
    is_synchronous = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return is_synchronous and head[1] >> 1 & 3 in (1, 2) and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3


def _open(audio: Path | str | bytes, name: str) -> BinaryIO:
    """Open the audio as a file.

    Raises:
        BadClip: there is no such file.
    """
    if isinstance(audio, bytes):
        return io.BytesIO(audio)
    try:
        if isinstance(audio, Path):
            if audio.is_dir():
                raise BadClip("no audio", f"{name}: is a folder")
            return audio.open("rb")
        import smart_open

        with smart_open.open(audio, "rb") as remote:
            return io.BytesIO(remote.read())
    except FileNotFoundError:
        raise BadClip("no audio", f"{name}: no such file") from None
    except (OSError, ValueError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise BadClip("no audio", f"{name}: cannot be opened ({reason})") from None


def _read(audio: sf.SoundFile, clip: Clip, max_seconds: float, name: str) -> np.ndarray:
    rate, n_samples = audio.samplerate, audio.frames
    start = round(clip.start * rate)
    stop = n_samples if clip.end is None else min(n_samples, round(clip.end * rate))
    if start < 0 or (clip.end is not None and clip.end > n_samples / rate + 0.1) or start >= stop:
        part = f"{clip.start:g} to {'its end' if clip.end is None else format(clip.end, 'g')} s"
        raise BadClip("truncated", f"{name}: {part} of {n_samples / rate:.2f} s of audio cannot be taken")
    if (stop - start) / rate > MAX_READ * max_seconds:
        raise BadClip("too long", f"{name}: {(stop - start) / rate:.0f} s, for a clip of {max_seconds:g} s at most")
    audio.seek(start)
    samples: np.ndarray = audio.read(stop - start, dtype="float32", always_2d=True)
    slack = MP3_SLACK if audio.format in ("MP3", "MPEG") else 0
    if len(samples) < stop - start - slack:
        raise BadClip("truncated", f"{name}: {len(samples)} of {stop - start} samples could be read; the file is damaged")
    return samples


def _check_ends(file: BinaryIO, name: str) -> bytes:
    """Refuse a file that ends before its header says, or goes on long after; libsndfile reads what is there and says nothing.

    Returns:
        The first bytes of the file.
    """
    head = file.read(12)
    file.seek(0, io.SEEK_END)
    size = file.tell()
    if not size:
        raise BadClip("empty", f"{name}: cannot be read as audio (the file is empty)")
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        _check_wav(file, size, name)
    elif head[:4] == b"OggS":
        file.seek(max(0, size - OGG_TAIL))
        tail = file.read()
        last = tail.rfind(b"OggS")
        if last >= 0 and last + 5 < len(tail) and not tail[last + 5] & 4:
            raise BadClip("truncated", f"{name}: the Ogg stream has no end; the file is cut off")
    file.seek(0)
    return head


def _check_wav(file: BinaryIO, size: int, name: str) -> None:
    place = 12
    while place + 8 <= size:
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8))
        end = place + 8 + length
        if kind == b"data":
            is_streamed = (length == STREAMED[0] and end + 8 < size) or length >= STREAMED[1]
            if end > size and not is_streamed:
                reason = f"the header promises {length} bytes of audio, the file holds {size - place - 8}"
                raise BadClip("truncated", f"{name}: cut off ({reason})")
            if not is_streamed and not _are_chunks(file, end + length % 2, size) and size - end > length:
                raise BadClip("lying header", f"{name}: the header tells of {length} bytes of audio, {size - end} more follow")
            return
        place = end + length % 2


def _are_chunks(file: BinaryIO, place: int, size: int) -> bool:
    """Whether the rest of a WAV file is made of chunks."""
    while place + 8 <= size:
        file.seek(place)
        _, length = struct.unpack("<4sI", file.read(8))
        place += 8 + length + length % 2
    return place <= size + 1


def mix_down(samples: np.ndarray) -> np.ndarray:
    """Channels to mono, (N, channels) to (N,): their mean, or the loudest of them when they cancel each other."""
    mono: np.ndarray = samples.mean(axis=1)
    if samples.shape[1] > 1:
        peaks = np.abs(samples).max(axis=0)
        if np.abs(mono).max() < 0.1 * peaks.max():
            return np.ascontiguousarray(samples[:, int(peaks.argmax())])
    return mono

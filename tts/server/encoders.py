"""Samples to bytes of an audio format, piece by piece: one encoder for a whole answer, so that no piece has edges of its own.

WAV and PCM are written here; the others by PyAV, whose containers write to memory and never seek back. Same samples, same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol, cast

import numpy as np

from tts.audio.io import to_pcm16, wav_stream_header

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # Hz
COMMENT = "AI-generated speech"  # in the metadata of formats that have any


class Encoder(Protocol):
    """Encodes one stream."""

    def push(self, audio: np.ndarray) -> bytes:
        """Take samples (N,) float32 in [-1, 1]; returns what is finished, nothing before there is sound in it."""
        ...

    def finish(self) -> bytes:
        """End the stream; returns what is left."""
        ...

    def close(self) -> None:
        """Free what the encoder holds, wherever it is; may come twice."""
        ...


class PcmEncoder:
    """16-bit little-endian samples after a header, which may be empty."""

    def __init__(self, header: bytes = b"") -> None:
        """Start a stream."""
        self.header = header

    def push(self, audio: np.ndarray) -> bytes:
        """Take samples; see `Encoder`."""
        if not len(audio):
            return b""
        header, self.header = self.header, b""
        return header + to_pcm16(audio).tobytes()

    def finish(self) -> bytes:
        """Nothing is left; see `Encoder`."""
        return b""

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Codec:
    """How PyAV writes a format.

    Attributes:
        container: FFmpeg's name of the container.
        codec: and of the encoder.
        bit_rate: bits per second; None where the format is lossless.
        options: of the container.
    """

    container: str
    codec: str
    bit_rate: int | None = None
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    "mp3": Codec("mp3", "libmp3lame", 96_000, {"write_xing": "0"}),  # a Xing header is written last, at the front
    "opus": Codec("ogg", "libopus", 48_000, {"page_duration": "100000"}),  # microseconds; a second by default
    "aac": Codec("adts", "aac", 96_000),
    "flac": Codec("flac", "flac"),
}
MEDIA_TYPES = {
    **{"mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac"},
    **{"flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"},
}


class _Sink:
    """A file in memory that can only be written to, and is emptied by its reader."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data


class ContainerEncoder:
    """A format that PyAV writes."""

    def __init__(self, codec: Codec, sample_rate: int) -> None:
        """Start a stream; sample_rate in Hz."""
        import av

        self.sample_rate, self.n_samples, self.sink = sample_rate, 0, _Sink()
        options = codec.options | {"fflags": "+bitexact", "flush_packets": "1"}
        self.container = cast(Any, av.open(self.sink, "w", format=codec.container, options=options))
        self.container.metadata["comment"] = COMMENT
        rate = 48_000 if codec.codec == "libopus" and sample_rate not in OPUS_RATES else sample_rate
        self.stream = self.container.add_stream(codec.codec, rate=rate, layout="mono")  # resamples what has another rate
        if codec.bit_rate:
            self.stream.bit_rate = codec.bit_rate
        self.container.start_encoding()
        self.header = self.sink.take()

    def push(self, audio: np.ndarray) -> bytes:
        """Take samples; see `Encoder`."""
        from av import AudioFrame

        if not len(audio):
            return b""
        frame = AudioFrame.from_ndarray(to_pcm16(audio)[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = self.sample_rate, Fraction(1, self.sample_rate), self.n_samples
        self.n_samples += len(audio)
        return self._encode(frame)

    def finish(self) -> bytes:
        """End the stream; see `Encoder`."""
        data = self._encode(None)
        self.container.close()
        return data + self.sink.take()

    def close(self) -> None:
        """Free the encoder; see `Encoder`."""
        self.container.close()

    def _encode(self, frame: Any) -> bytes:
        for packet in self.stream.encode(frame):
            self.container.mux(packet)
        data = self.sink.take()
        if not data:
            return b""
        header, self.header = self.header, b""
        return header + data


def make_encoder(format: str, sample_rate: int) -> Encoder:
    """The encoder of one of MEDIA_TYPES; sample_rate in Hz."""
    if format in CODECS:
        return ContainerEncoder(CODECS[format], sample_rate)
    return PcmEncoder(wav_stream_header(sample_rate) if format == "wav" else b"")

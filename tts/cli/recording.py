"""What is kept of a stream of speech besides its audio, and where the audio goes: a file, or stdout as it is made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tts.audio.io import check_writable, format_of, open_audio, to_pcm16, wav_stream_header
from tts.checkpoint import replacing
from tts.errors import InputError
from tts.inference.subtitles import Sentence, timings_format

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.inference.sampling import SamplingConfig
    from tts.inference.speech import AudioChunk

Write = Callable[[np.ndarray], object]
STDOUT = Path("-")


@dataclass
class Recording:
    """What is kept of a stream.

    Attributes:
        keeps_mel: whether mel frames are kept.
        n_samples: of the audio so far.
        sentences: with the times of their words.
        mels: per sentence, its start in seconds and its frames (T, F), natural log.
        unknown: characters that were not spoken, with counts.
    """

    keeps_mel: bool = False
    n_samples: int = 0
    sentences: list[Sentence] = field(default_factory=list)
    mels: list[tuple[float, list[np.ndarray]]] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, chunk: AudioChunk) -> None:
        """Take note of a chunk."""
        self.n_samples += len(chunk.audio)
        if chunk.words:
            self.sentences.append(Sentence(chunk.text, chunk.words))
            self.mels.append((chunk.start, []))
        if self.keeps_mel and len(chunk.mel):
            self.mels[-1][1].append(chunk.mel)


def record(tts: TTS, text: str, sampling: SamplingConfig, write: Write, *, keeps_mel: bool = False) -> Recording:
    """Speak a text into `write`, chunk by chunk."""
    recording = Recording(keeps_mel)
    for chunk in tts.stream(text, sampling, recording.unknown):
        write(chunk.audio)
        recording.add(chunk)
    return recording


@dataclass(frozen=True)
class Outputs:
    """The files of one text, checked before anything is loaded.

    Attributes:
        audio: a file, or STDOUT.
        is_raw: PCM without a header, on stdout.
        timestamps: files for the words' times.
        picture: file for the mel's picture.
        uncertainty: file for the picture of mel, mu, sigma and likelihood.
    """

    audio: Path
    is_raw: bool
    timestamps: list[Path]
    picture: Path | None
    uncertainty: Path | None = None

    def check(self) -> None:
        """Refuse what cannot be written.

        Raises:
            InputError: a wrong suffix, a folder in the place of a file, audio for a terminal, a missing extra.
        """
        if self.audio == STDOUT:
            _check_stdout()
        elif self.is_raw:
            raise InputError(f"--raw goes to stdout, not to {self.audio}: take -o - with it, or leave it away")
        files = [path for path in (self.audio, *self.timestamps, *self.pictures) if path != STDOUT]
        for path in files:
            check_writable(path)
            if files.count(path) > 1:
                raise InputError(f"{path}: named for two outputs; give each its own file")
        if self.audio != STDOUT:
            format_of(self.audio)
        for path in self.timestamps:
            timings_format(path)
        for path in self.pictures:
            check_picture(path)

    @property
    def pictures(self) -> list[Path]:
        """The pictures that are asked for."""
        return [path for path in (self.picture, self.uncertainty) if path is not None]

    def write(self, tts: TTS, text: str, sampling: SamplingConfig) -> Recording:
        """Speak a text and write all files, or none of them."""
        with ExitStack() as files:
            write = files.enter_context(
                open_stdout(tts.sample_rate, self.is_raw) if self.audio == STDOUT else open_audio(self.audio, tts.sample_rate)
            )
            recording = record(tts, text, sampling, write, keeps_mel=bool(self.pictures))
            seconds = recording.n_samples / tts.sample_rate
            for path in self.timestamps:
                temporary = files.enter_context(replacing(path))
                temporary.write_text(timings_format(path)(recording.sentences, seconds), encoding="utf-8")
            if self.picture is not None:
                from tts.cli.picture import draw_mel

                draw_mel(files.enter_context(replacing(self.picture)), recording, tts)
            if self.uncertainty is not None:
                from tts.evaluation.uncertainty import draw_uncertainty
                from tts.inference.scoring import score_speech

                mel = np.concatenate([frames for _, parts in recording.mels for frames in parts])
                figure = draw_uncertainty(score_speech(tts, text, sampling, mel))
                figure.savefig(files.enter_context(replacing(self.uncertainty)), format="png")
        return recording


def _check_stdout() -> None:
    if sys.stdout is None:
        raise InputError("-o -: stdout is closed; take -o FILE")
    if sys.stdout.isatty():
        raise InputError("-o -: no audio is written to a terminal; pipe it into a player, or take -o FILE")


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be drawn: another suffix than .png, or a missing extra."""
    if path.suffix.lower() != ".png":
        raise InputError(f"{path}: unknown suffix {path.suffix!r} for a picture; take .png")
    import matplotlib  # noqa: F401  # missing? then say so before the work is done


@contextmanager
def open_stdout(sample_rate: int, is_raw: bool) -> Iterator[Write]:
    """Stream 16-bit audio to stdout, every chunk at once; nothing is written before the first samples are there.

    Args:
        sample_rate: Hz.
        is_raw: leave away the WAV header.

    Yields:
        A function that takes the next samples, (N,) float32 in [-1, 1].
    """
    header = b"" if is_raw else wav_stream_header(sample_rate)

    def write(audio: np.ndarray) -> None:
        nonlocal header
        if not len(audio):
            return
        sys.stdout.buffer.write(header + to_pcm16(audio).tobytes())
        sys.stdout.buffer.flush()
        header = b""

    yield write

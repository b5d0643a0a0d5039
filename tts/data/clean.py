"""What makes a clip unusable, said in words, and the one change that is made to a good one: its loudness, if that is asked for.

Letters: N samples, T frames, S tokens.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tts.data.clips import BadClip
from tts.text.symbols import TokenSequence

SILENT_PEAK = 1e-3  # a recording that never gets louder, -60 dB, holds no speech
DC_OFFSET = 0.01  # a mean above it is taken out
FLAT_PEAK = 0.05  # below, the steps of 16 bits make flat tops by themselves
FLAT_STEP = 1e-4  # samples at a flat top differ by less, in peaks
FLAT_RUN = 3  # samples
LIMIT = 0.891  # -1 dB full scale, which a gain for loudness never passes
LOUDNESS_BLOCK_SECONDS = 0.4  # of ITU-R BS.1770
MAX_UNKNOWN = 0.1  # share of characters that have no sound
FAST_SECONDS, SLOW_SECONDS = 0.5, 1.5  # a clip this short proves nothing by its rate of speech


class PrepareConfig(BaseModel):
    """What is done to clips, and which are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loudness: float | None = Field(None, ge=-70, le=-5)  # LUFS that every clip is brought to; None leaves them as they are
    trim: bool = True  # cut silence at both ends to a few frames
    min_seconds: float = Field(0.04, ge=0)  # of a clip, trimmed
    max_seconds: float = Field(40.0, gt=0)  # of a clip, trimmed
    min_rate: float = Field(1.0, ge=0)  # phones and pauses per second; fewer, and the transcript is of other audio
    max_rate: float = Field(30.0, gt=0)  # the same; no one speaks faster
    max_clipped: float = Field(0.01, gt=0, le=1)  # share of samples at a flat top
    held_out: float = Field(0.04, ge=0, le=0.5)  # share of clips for validation, where the corpus names no splits


def check_samples(samples: np.ndarray, config: PrepareConfig) -> None:
    """Look at a recording as it is, (N, channels).

    Raises:
        BadClip: samples that are no numbers, silence, one value all through, or too many flat tops.
    """
    if not np.isfinite(samples).all():
        raise BadClip("not a number", "the audio holds samples that are no numbers (NaN or infinite)")
    peak = float(np.abs(samples).max())
    if peak < SILENT_PEAK:
        raise BadClip("silent", f"the audio is silent (peak {peak:g})")
    swing = float(np.abs(samples - samples.mean(axis=0)).max())
    if swing < SILENT_PEAK:
        raise BadClip("constant", f"the audio is one value all through ({float(samples.mean()):.3f})")
    clipped = max(flat_share(channel) for channel in samples.T)
    if clipped > config.max_clipped:
        raise BadClip("clipped", f"{100 * clipped:.1f} % of the samples are clipped; {100 * config.max_clipped:g} % may be")


def flat_share(waveform: np.ndarray) -> float:
    """Share of samples (N,) that lie in runs of FLAT_RUN and more at the recording's own highest or lowest value."""
    share = 0
    for side in (waveform, -waveform):
        peak = float(side.max())
        if peak < FLAT_PEAK:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], side >= peak * (1 - FLAT_STEP), [0])).astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        share += int(runs[runs >= FLAT_RUN].sum())
    return share / len(waveform)


def remove_offset(waveform: np.ndarray) -> np.ndarray:
    """Take a constant offset out of (N,), if there is one worth it."""
    mean = waveform.mean()
    centred: np.ndarray = waveform - mean if abs(mean) > DC_OFFSET else waveform
    return centred


def set_loudness(waveform: np.ndarray, sample_rate: int, loudness: float) -> np.ndarray:
    """Bring (N,) to an integrated loudness by one gain for the whole clip, less where its peak would pass -1 dB.

    Args:
        waveform: mono samples.
        sample_rate: Hz.
        loudness: LUFS by ITU-R BS.1770-4; for a clip shorter than a block of it, the block is the clip.

    Source: pyloudnorm (MIT).
    """
    import pyloudnorm

    block = min(LOUDNESS_BLOCK_SECONDS, (len(waveform) - 1) / sample_rate)
    measured = pyloudnorm.Meter(sample_rate, block_size=block).integrated_loudness(waveform.astype(np.float64))
    if not np.isfinite(measured):  # below the gate of -70 LUFS
        return waveform
    gain = min(10 ** ((loudness - measured) / 20), LIMIT / float(np.abs(waveform).max()))
    return (gain * waveform).astype(np.float32)


def check_text(text: str, phonemes: str | None) -> None:
    """Look at a transcript before it is read.

    Raises:
        BadClip: it is missing, or it was decoded wrongly.
    """
    if phonemes is None and not text.strip():
        raise BadClip("no transcript", "the transcript is empty")
    if "\ufffd" in text:
        raise BadClip("transcript", f"{text[:60]!r} holds U+FFFD: the transcript was decoded wrongly; save it as UTF-8")


def check_tokens(tokens: TokenSequence, text: str, n_unknown: int) -> None:
    """Look at what the front end made of a transcript.

    Raises:
        BadClip: nothing of it can be spoken, or a good part cannot.
    """
    if len(tokens) < 3 or not tokens.n_words:
        raise BadClip("no phonemes", f"no phonemes in {text[:60]!r}")
    if n_unknown > MAX_UNKNOWN * (n_unknown + len(tokens)):
        raise BadClip("no phonemes", f"{n_unknown} characters of {text[:60]!r} cannot be spoken")


def check_length(seconds: float, n_tokens: int, config: PrepareConfig) -> None:
    """Look at the length of the speech, silence at its ends left out, beside that of its transcript.

    Raises:
        BadClip: too short, too long, or an implausible rate of speech.
    """
    if seconds < config.min_seconds:
        raise BadClip("too short", f"{seconds:.2f} s of speech; at least {config.min_seconds:g} s are needed")
    if seconds > config.max_seconds:
        raise BadClip("too long", f"{seconds:.1f} s of speech; at most {config.max_seconds:g} s are used")
    rate = n_tokens / seconds
    if rate > config.max_rate and seconds > FAST_SECONDS:
        raise BadClip("rate", f"{n_tokens} phones in {seconds:.2f} s: the transcript is too long for the audio")
    if rate < config.min_rate and seconds > SLOW_SECONDS:
        raise BadClip("rate", f"{n_tokens} phones in {seconds:.2f} s: the transcript is too short for the audio")

"""From one clip to its features: a pure function of the clip and the settings, whichever process runs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tts.audio.bandwidth import is_narrow
from tts.audio.mel import LogMel, MelConfig
from tts.audio.pitch import fill_unvoiced, track_f0
from tts.audio.resample import resample
from tts.audio.silence import find_speech, is_silent
from tts.data.clean import (
    PrepareConfig,
    check_length,
    check_samples,
    check_text,
    check_tokens,
    remove_offset,
    set_loudness,
)
from tts.data.clips import BadClip, Clip, printable
from tts.data.recording import mix_down, read_recording
from tts.errors import InputError
from tts.text.normalize import normalize
from tts.text.phonemize import EnglishPhonemizer
from tts.text.symbols import DEFAULT_SYMBOLS, TokenSequence

FRAMES_PER_TOKEN = 2  # at least; no phone is shorter


@dataclass(frozen=True)
class Features:
    """What one clip gives, as in the features folder.

    Attributes:
        row: id, text, split, phonemes, and speaker and kind if there are any; is_narrow if it is.
        mel: (T, n_mels) float16.
        waveform: (N,) int16.
        f0: (T,) float32 Hz, negative where unvoiced.
        tokens: (S, 3) int16 id, stress, place.
    """

    row: dict[str, Any]
    mel: np.ndarray
    waveform: np.ndarray
    f0: np.ndarray
    tokens: np.ndarray


mel_of = lru_cache(maxsize=4)(LogMel)
phonemizer = lru_cache(maxsize=1)(EnglishPhonemizer)


def extract_or_reject(clip: Clip, mel_config: MelConfig, config: PrepareConfig) -> Features | dict[str, str]:
    """Features of a clip; or, when it cannot be used, its id, the kind of its damage, the reason, and where its audio is."""
    try:
        return extract(clip, mel_config, config)
    except BadClip as error:
        kind, reason = error.kind, str(error)
    except ModuleNotFoundError:  # an extra is not installed
        raise
    except Exception as error:  # a damaged file can make any library below raise anything; the other clips go on
        kind, reason = "error", f"{type(error).__name__}: {error}"
    row = {"id": clip.id, "kind": kind, "reason": " ".join(reason.split())}
    return row if isinstance(clip.audio, bytes | None) else row | {"audio": printable(str(clip.audio))}


def extract(clip: Clip, mel_config: MelConfig, config: PrepareConfig) -> Features:
    """Compute the features of a clip.

    Raises:
        BadClip: it cannot be used.
    """
    torch.set_num_threads(1)
    if clip.fault is not None:
        raise BadClip(*clip.fault)
    check_text(clip.text, clip.phonemes)
    waveform = _read_waveform(clip, mel_config, config)
    phonemes, tokens = _read_phonemes(clip)
    mel = _mel(waveform, mel_config)
    f0 = _read_f0(clip, waveform, mel_config)
    if len(f0) != len(mel):
        raise BadClip("f0", f"{len(f0)} values of F0 for {len(mel)} mel frames")
    loud = np.flatnonzero(~is_silent(mel))
    check_length(float(loud[-1] - loud[0] + 1) / mel_config.frame_rate, len(tokens) - 2, config)
    kept = find_speech(mel) if config.trim else slice(0, len(mel))
    if FRAMES_PER_TOKEN * len(tokens) > kept.stop - kept.start:
        raise BadClip("rate", f"{len(tokens)} tokens do not fit into {kept.stop - kept.start} frames")
    mel, f0 = mel[kept], f0[kept]
    waveform = waveform[kept.start * mel_config.hop_length : kept.stop * mel_config.hop_length]
    labels = {"speaker": clip.speaker, "kind": clip.kind, "is_narrow": is_narrow(mel, mel_config)}
    row = {"id": clip.id, "text": clip.text, "split": clip.split or "train", "phonemes": phonemes}
    return Features(
        row=row | {name: value for name, value in labels.items() if value},
        mel=mel.astype(np.float16),
        waveform=np.clip(np.round(waveform * 32767), -32768, 32767).astype(np.int16),
        f0=fill_unvoiced(f0),
        tokens=np.stack((tokens.ids, tokens.stress, tokens.place), axis=1).astype(np.int16),
    )


def _read_waveform(clip: Clip, mel_config: MelConfig, config: PrepareConfig) -> np.ndarray:
    """(N,) float32 at the mel's sample rate."""
    samples, rate = read_recording(clip, config.max_seconds)
    check_samples(samples, config)
    waveform = remove_offset(resample(mix_down(samples), rate, mel_config.sample_rate))
    return waveform if config.loudness is None else set_loudness(waveform, mel_config.sample_rate, config.loudness)


def _read_phonemes(clip: Clip) -> tuple[str, TokenSequence]:
    phonemes, n_unknown = clip.phonemes, 0
    if phonemes is None:
        spoken = phonemizer()(normalize(clip.text))
        phonemes, n_unknown = spoken.phonemes, sum(spoken.unknown.values())
    tokens = DEFAULT_SYMBOLS.encode(phonemes)
    check_tokens(tokens, clip.text, n_unknown + sum(tokens.unknown.values()))
    return phonemes, tokens


def _mel(waveform: np.ndarray, config: MelConfig) -> np.ndarray:
    try:
        with torch.inference_mode():
            mel: np.ndarray = mel_of(config)(torch.from_numpy(waveform)[None])[0].numpy()
    except InputError as error:
        raise BadClip("too short", str(error)) from None
    return mel


def _read_f0(clip: Clip, waveform: np.ndarray, config: MelConfig) -> np.ndarray:
    if clip.f0 is None:
        return track_f0(waveform, config.sample_rate, config.hop_length)
    path: Path = clip.f0
    try:
        f0: np.ndarray = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise BadClip("f0", f"{printable(path)}: cannot be read as F0 ({error})") from None
    if f0.ndim != 1 or not np.isfinite(f0).all():
        raise BadClip("f0", f"{printable(path)}: no list of finite numbers")
    return f0

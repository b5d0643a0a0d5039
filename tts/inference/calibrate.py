"""Give a packaged voice what it needs to judge recordings: what is normal for it, measured on clips it did not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tts.data.dataset import FeatureFolder, Utterance
from tts.inference.alignment import open_aligner
from tts.inference.engine import TTS
from tts.inference.hearing import FLOOR, gain_between, speech_level
from tts.inference.normal import JudgedClip, Normal, measure_normal, write_normal
from tts.inference.scoring import as_said_by, judge
from tts.inference.voices import CONFIG_NAME, NORMAL_NAME, VoiceConfig, hash_file, read_voice_config

MAX_CLIPS = 200


def held_out(features: Path) -> list[Utterance]:
    """At most MAX_CLIPS clips of a features folder's validation split, of all lengths.

    Raises:
        InputError: it is no features folder, or has no such split.
    """
    data = FeatureFolder(features, "valid")
    return [data[index] for index in data.spread(MAX_CLIPS)]


def add_normal(folder: Path, clips: Iterable[Utterance]) -> Normal:
    """Measure what is normal for a voice, and write it into its folder.

    Args:
        folder: of a voice with an aligner.
        clips: of its speaker, held out; those that the aligner cannot fit are left out.
    """
    tts = TTS.load(folder)
    fitting = [clip for clip in clips if len(clip.mel) >= len(clip.tokens)]
    level = np.median([speech_level(clip.mel.astype(np.float32)) for clip in fitting], axis=0)
    normal = measure_normal(judge_clips(tts, fitting, level), len(tts.voice.symbols), level)
    write_normal(normal, folder / NORMAL_NAME)
    add_hash(folder, NORMAL_NAME)
    return normal


def judge_clips(tts: TTS, clips: Iterable[Utterance], level: np.ndarray) -> Iterator[JudgedClip]:
    """Judge clips that are brought to a level (F,), each as said by its speaker if the voice knows them."""
    aligner = open_aligner(tts.voice)
    for clip in clips:
        mel, tokens = clip.mel.astype(np.float32), clip.tokens.astype(np.int64)
        gain = gain_between(speech_level(mel), level, np.ones(len(level), bool))
        levelled = np.maximum(mel + np.float32(gain), np.float32(np.log(FLOOR)))
        durations = aligner.align(levelled, tokens).durations
        log_prob = judge(as_said_by(tts, clip.row.get("speaker", "")), tokens, durations, levelled).log_prob / mel.shape[1]
        yield JudgedClip(log_prob, np.repeat(tokens[:, 0], durations), word_frames(tokens[:, 2], durations))


def word_frames(place: np.ndarray, durations: np.ndarray) -> list[slice]:
    """Frames of each word, by the place of its tokens (S,): 1 first of a word, 2 last, 3 only."""
    ends = np.cumsum(durations)
    firsts, lasts = np.flatnonzero(place & 1), np.flatnonzero(place & 2)
    return [slice(int(ends[a] - durations[a]), int(ends[b])) for a, b in zip(firsts, lasts, strict=True)]


def add_hash(folder: Path, name: str) -> None:
    """Make a file that was put into a voice's folder a part of the voice."""
    config = read_voice_config(folder)
    hashes = config.sha256 | {name: hash_file(folder / name)}
    written = VoiceConfig.model_validate(config.model_dump() | {"sha256": hashes})
    (folder / CONFIG_NAME).write_text(written.model_dump_json(indent=2) + "\n", encoding="utf-8")

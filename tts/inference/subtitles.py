"""Word timings as files: JSON with every word, SRT and WebVTT with cues of a length that can be read. No torch.

A cue is a sentence as it was written. One that is too long for a cue is cut, and each part takes the times of its words; where
the spoken words are not the written ones ("$4.75" is five words), a part takes the words at the same share of the sentence.
"""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tts.audio.io import pick_by_suffix

if TYPE_CHECKING:
    from tts.inference.speech import WordTiming

MAX_CHARACTERS = 84  # of a cue: two lines of 42


@dataclass(frozen=True)
class Sentence:
    """A sentence, spoken.

    Attributes:
        text: as it was written.
        words: its spoken words, at least one.
    """

    text: str
    words: list[WordTiming]


@dataclass(frozen=True)
class Cue:
    """What is shown from start to end, both seconds."""

    text: str
    start: float
    end: float


def make_cues(sentences: list[Sentence]) -> list[Cue]:
    """Cut sentences into cues of at most MAX_CHARACTERS, in order and without overlap."""
    return [cue for sentence in sentences for cue in _cues_of(sentence)]


def _cues_of(sentence: Sentence) -> list[Cue]:
    parts = textwrap.wrap(sentence.text, MAX_CHARACTERS, break_on_hyphens=False)
    cues: list[Cue] = []
    begin, waiting = 0, ""
    for part, end in zip(parts, _word_ends(parts, len(sentence.words)), strict=True):
        text = f"{waiting} {part}".strip()
        if end <= begin:  # a part without a word of its own goes with the next
            waiting = text
            continue
        cues.append(Cue(text, sentence.words[begin].start, sentence.words[end - 1].end))
        begin, waiting = end, ""
    return cues


def _word_ends(parts: list[str], n_words: int) -> list[int]:
    """How many words are spoken when each part has been; the last is n_words."""
    sizes = [len(part.split()) for part in parts]
    if sum(sizes) != n_words:
        sizes = [len(part) for part in parts]
    ends, done = [], 0
    for size in sizes:
        done += size
        ends.append(round(n_words * done / sum(sizes)))
    return ends


def format_json(sentences: list[Sentence], seconds: float) -> str:
    """JSON object with the length of the audio and every word's times, in seconds."""
    words = [word_row(word) for sentence in sentences for word in sentence.words]
    return json.dumps({"seconds": round(seconds, 4), "words": words}, ensure_ascii=False, indent=1) + "\n"


def word_row(word: WordTiming) -> dict[str, str | float]:
    """One word for JSON."""
    return {"text": word.text, "start": round(word.start, 4), "end": round(word.end, 4)}


def format_srt(sentences: list[Sentence], seconds: float) -> str:
    """SubRip."""
    rows = []
    for number, cue in enumerate(make_cues(sentences), 1):
        times = f"{_clock(cue.start, ',')} --> {_clock(min(cue.end, seconds), ',')}"
        rows.append(f"{number}\n{times}\n{cue.text.replace('-->', '->')}\n")
    return "\n".join(rows)


def format_vtt(sentences: list[Sentence], seconds: float) -> str:
    """WebVTT."""
    rows = ["WEBVTT\n"]
    for cue in make_cues(sentences):
        times = f"{_clock(cue.start, '.')} --> {_clock(min(cue.end, seconds), '.')}"
        rows.append(f"{times}\n{html.escape(cue.text, quote=False)}\n")
    return "\n".join(rows)


def _clock(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and milliseconds."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{milliseconds:03d}"


FORMATS: dict[str, Callable[[list[Sentence], float], str]] = {".json": format_json, ".srt": format_srt, ".vtt": format_vtt}


def timings_format(path: Path) -> Callable[[list[Sentence], float], str]:
    """The format that a path's suffix names.

    Raises:
        InputError: unknown suffix.
    """
    return pick_by_suffix(path, FORMATS, "timestamps")

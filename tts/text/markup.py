"""Markup in the user's text: `[pause:0.5]`, `[word](/ipa/)`, `[some words]{pitch=1.5}`; everything else is plain text."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tts.errors import InputError
from tts.text.manner import MANNERS, parse_manner
from tts.text.pronunciation import LINK, to_misaki

MAX_PAUSE_SECONDS = 30.0

_PAUSE = re.compile(r"\[pause:([^\[\]\n]{0,40})\]", re.IGNORECASE)
_SECONDS = re.compile(r"\s*(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*s?\s*")
_BRACES = r"\{([^{}\[\]\n]{0,200})\}"
_BRACKET = re.compile(rf"(?P<link>{LINK.pattern})(?:{_BRACES})?|(?P<open>\[)|\](?:{_BRACES})?")


@dataclass(frozen=True)
class Span:
    """Characters that are said in a manner of their own.

    Attributes:
        start: the first of them.
        end: one past the last.
        manner: what is set for them, by name; what is not named stays as it is around.
    """

    start: int
    end: int
    manner: Mapping[str, float]


@dataclass(frozen=True)
class Speech:
    """Text to speak, with its inline pronunciations, without the marks of its spans; outer spans come before inner ones."""

    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Pause:
    """Silence."""

    seconds: float


Piece = Speech | Pause


def parse_markup(text: str) -> list[Piece]:
    """Cut a text at its pause marks, take the marks of its spans out, and check its inline pronunciations.

    Raises:
        InputError: a pause is no number from 0 to 30 seconds, a pronunciation is no IPA, or a manner is none.
    """
    text, spans = _take_spans(text)
    for link in LINK.finditer(text):
        to_misaki(link.group(2))
    pauses = list(_PAUSE.finditer(text))
    starts = [0, *(mark.end() for mark in pauses)]
    ends = [*(mark.start() for mark in pauses), len(text)]
    pieces: list[Piece] = []
    for start, end, mark, own in zip(
        starts, ends, [*pauses, None], clip_spans(spans, zip(starts, ends, strict=True)), strict=True
    ):
        if text[start:end].strip() or (mark is None and not pieces):
            pieces.append(Speech(text[start:end], own))
        if mark is not None:
            pieces.append(Pause(_seconds(mark.group(1))))
    return pieces


def clip_spans(spans: tuple[Span, ...], borders: Iterable[tuple[int, int]]) -> Iterator[tuple[Span, ...]]:
    """The spans of each of some parts of their text, counted from its start; lazy, and linear in spans and parts together.

    Args:
        spans: in the order of their starts.
        borders: start and end of each part, in order.
    """
    waiting, opened = deque(spans), list[Span]()
    for start, end in borders:
        while waiting and waiting[0].start < end:
            opened.append(waiting.popleft())
        opened = [span for span in opened if span.end > start]
        yield tuple(Span(max(span.start, start) - start, min(span.end, end) - start, span.manner) for span in opened)


def _seconds(value: str) -> float:
    number = _SECONDS.fullmatch(value)
    if number is None or float(number.group(1)) > MAX_PAUSE_SECONDS:
        raise InputError(f"[pause:{value}] is no pause: write seconds from 0 to {MAX_PAUSE_SECONDS:g}, such as [pause:0.5]")
    return float(number.group(1))


def _take_spans(text: str) -> tuple[str, tuple[Span, ...]]:
    """The text without the marks of its spans, and the spans."""
    if "{" not in text:
        return text, ()
    found = list(_find_spans(text))
    cuts = sorted(cut for _, cuts in found for cut in cuts)
    parts, places, end, gone = [], {}, 0, 0
    for start, stop in cuts:
        parts.append(text[end:start])
        places[start], places[stop] = start - gone, start - gone
        end, gone = stop, gone + stop - start
    spans = []
    for span, marks in found:  # a link has one mark, at its end
        begin = places[marks[0][1]] if len(marks) == 2 else places[marks[0][0]] - (span.end - span.start)
        spans.append(Span(begin, places[marks[-1][0]], span.manner))
    return "".join((*parts, text[end:])), tuple(sorted(spans, key=lambda span: (span.start, -span.end)))


def _find_spans(text: str) -> Iterator[tuple[Span, list[tuple[int, int]]]]:
    """Spans where they stand in the marked text, each with the places of its marks; inner spans come before outer ones."""
    opened: list[int] = []
    for bracket in _BRACKET.finditer(text):
        if bracket["open"]:
            opened.append(bracket.start())
            continue
        braces = bracket.group(bracket.lastindex) if bracket.lastindex in _BRACE_GROUPS else None
        start = opened.pop() if opened and not bracket["link"] else None
        if braces is None or not _is_manner(braces):
            continue
        mark = bracket.end() - len(braces) - 2, bracket.end()
        if bracket["link"]:
            yield Span(bracket.start(), mark[0], parse_manner(braces, f"{{{braces}}}")), [mark]
            continue
        if start is None:
            raise InputError(f"]{{{braces}}}: there is no [ before it; write [some words]{{{braces}}}")
        words = text[start + 1 : bracket.start()]
        shown = words if len(words) <= 40 else f"{words[:20]}…{words[-19:]}"
        manner = parse_manner(braces, f"[{shown}]{{{braces}}}")
        yield Span(start + 1, bracket.start(), manner), [(start, start + 1), (bracket.start(), bracket.end())]


_BRACE_GROUPS = (4, 6)  # of _BRACKET: after a link, after a bracket


def _is_manner(braces: str) -> bool:
    """Whether what stands in braces after brackets is meant for us: it names something, or sets something."""
    return "=" in braces or braces.replace(":", " ").strip().partition(" ")[0].lower() in MANNERS

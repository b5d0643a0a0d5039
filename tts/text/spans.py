"""Marked spans on their way from the written text to phoneme words, and pieces of a text where they stand in it.

A text is normalised as if it had no marks, so that marks never change what is said; a span then covers the spoken words that are
left when those before and behind it, normalised by themselves, are counted off; at least one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import tee

from tts.text.markup import Span, clip_spans
from tts.text.phonemize import Word
from tts.text.pronunciation import LINK

_WORD = re.compile(r"\S+")


def cut_spans(parts: Iterable[str], whole: str, spans: tuple[Span, ...]) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Pieces of a text, which hold all of it but white space, each with its part of the spans; lazy."""
    if not spans:
        yield from ((part, ()) for part in parts)
        return
    mine, theirs = tee(parts)
    yield from zip(mine, clip_spans(spans, _borders(theirs, whole)), strict=True)


def _borders(parts: Iterable[str], whole: str) -> Iterator[tuple[int, int]]:
    end = 0
    for part in parts:
        start = whole.index(part, end)
        end = start + len(part)
        yield start, end


def project_spans(text: str, normalized: str, spans: tuple[Span, ...], normalize: Callable[[str], str]) -> tuple[Span, ...]:
    """Spans of a text, where its normalised form says what they cover.

    Args:
        text: written.
        normalized: what it became.
        spans: in text.
        normalize: what it became it by.
    """
    words = list(_WORD.finditer(normalized))
    if not words:
        return ()
    projected = []
    for span in spans:
        if any(character.isalnum() for character in text[span.start : span.end]):
            n_before, n_after = (len(normalize(part).split()) for part in (text[: span.start], text[span.end :]))
            first = min(n_before, len(words) - 1)
            last = max(len(words) - n_after, first + 1)
            projected.append(Span(words[first].start(), words[last - 1].end(), span.manner))
    return tuple(sorted(projected, key=lambda span: span.start))


def manners_of(words: list[Word], text: str, spans: tuple[Span, ...]) -> tuple[Mapping[str, float], ...]:
    """What is set for each phoneme word of a text; () when nothing is.

    Args:
        words: of the text, in order.
        text: normalised.
        spans: in text; where they overlap, a later one counts.
    """
    if not spans:
        return ()
    plain = LINK.sub(lambda link: f"[{link.group(1)}]".ljust(len(link.group())), text)  # no sound may be taken for a word
    manners: list[Mapping[str, float]] = []
    end = 0
    for word in words:
        start = plain.find(word.text, end) if word.text else -1
        if start >= 0:
            end = start + len(word.text)
        place = start if start >= 0 else max(end - 1, 0)  # one that goes on with the word before is where that is
        manners.append({name: v for span in spans if span.start <= place < span.end for name, v in span.manner.items()})
    return tuple(manners) if any(manners) else ()

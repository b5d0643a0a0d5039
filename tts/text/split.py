"""Sentences and chunks: text of any length in pieces that one utterance can hold.

A sentence ends at `.`, `!`, `?` or `…` (with closing quotes) before white space, unless the dot
belongs to an abbreviation, an initial or a list number, or the next word goes on in lower case; and
at a blank line. White space between pieces is dropped, nothing else: the pieces hold every other
character of the text, once and in order. All functions run in linear time.
"""

import re
from collections.abc import Iterator

from tts.text.pronunciation import LINK
from tts.text.rules import words

MAX_CHARACTERS = 220  # about 190 tokens, 14 seconds: as long as the sentences a voice learns from

_MARKS = re.compile(r"[.!?…]++[\"'”’)\]]*+")
_BLANK_LINE = re.compile(r"\n[ \t\r]*+\n\s*+")
_CLAUSE_END = re.compile(r"[,;:—)][\"'”’]?(?=\s)|—")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘]+$")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
# Before a capital these never end a sentence ...
_OPENERS = frozenset(
    words(
        "mr mrs ms mx dr prof rev hon gen col capt cmdr lt maj sgt sen rep gov pres fr st ste mt ft no "
        "nos vol vols ch fig figs eq eqs sec pp art vs e.g i.e cf al viz approx ca messrs mme"
    )
)
# ... and these end one only before a word that often begins sentences.
_CLOSERS = frozenset(
    words(
        "etc inc ltd co corp jr sr bros ave blvd rd ln hwy ct sq dept est a.m p.m am pm esq ph.d m.d "
        "b.a m.a b.sc m.sc u.s u.k e.u u.n d.c jan feb mar apr jun jul aug sep sept oct nov dec mon "
        "tue tues wed thu thur thurs fri sat sun min max hr hrs ed eds univ assn"
    )
)
_STARTERS = frozenset(
    words(
        "a an the this that these those it its he she we they you i his her our their your my there here "
        "what when where who why how which if in on at as so but and or for from after before then now "
        "no not yes all some many most each every one while although because since once with without "
        "is are was were do does did can could will would may please let however meanwhile"
    )
)


def split_sentences(text: str) -> list[str]:
    """Sentences of a text, without the white space around them."""
    return list(iter_sentences(text))


def iter_sentences(text: str) -> Iterator[str]:
    """Sentences of a text, one by one; reads no further than the sentence it yields."""
    for paragraph in iter_paragraphs(text):
        start = 0
        for mark in _MARKS.finditer(paragraph):
            if _ends_sentence(paragraph, start, mark):
                yield paragraph[start : mark.end()].strip()
                start = mark.end()
        if rest := paragraph[start:].strip():
            yield rest


def iter_paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a text: what blank lines separate."""
    start = 0
    for gap in _BLANK_LINE.finditer(text):
        if paragraph := text[start : gap.start()].strip():
            yield paragraph
        start = gap.end()
    if paragraph := text[start:].strip():
        yield paragraph


def split_chunks(text: str, max_characters: int = MAX_CHARACTERS) -> Iterator[str]:
    """Cut a text into chunks of at most `max_characters`, one sentence or a part of one each.

    A sentence that is too long is cut at clause borders, else between words, else (an unbroken run
    of characters) anywhere, into parts of about equal length. Inline pronunciations stay whole.
    """
    for sentence in iter_sentences(text):
        start = 0
        while len(sentence) - start > max_characters:
            end = _cut(sentence, start, max_characters)
            yield sentence[start:end].strip()
            start = end + (len(sentence[end : end + 64]) - len(sentence[end : end + 64].lstrip()))
        if rest := sentence[start:].strip():
            yield rest


def _ends_sentence(text: str, start: int, mark: re.Match[str]) -> bool:
    following = text[mark.end() : mark.end() + 40]
    if not following[:1].isspace():
        return False
    next_word = following.split(maxsplit=1)[0].lstrip("\"'“‘([") if following.strip() else ""
    if next_word[:1].islower():
        return False
    if mark.group()[0] != "." or mark.group().startswith(".."):
        return True
    before = _LAST_WORD.search(text, max(start, mark.start() - 24), mark.start())
    if before is None:
        return True
    word = before.group()
    if word.isdigit() and before.start() == start and len(word) < 4:
        return False  # a list number
    if _INITIAL.fullmatch(word) and word != "I":
        return is_starter(next_word)
    word = word.lower()
    return not (word in _OPENERS or (word in _CLOSERS and not is_starter(next_word)))


def is_starter(word: str) -> bool:
    """Whether a word is one that often begins sentences ("The", "It"), its punctuation left aside."""
    if len(word) == 2 and word[1] == ".":
        return False  # one more initial
    return word.rstrip(".,;:!?'’\"”").lower() in _STARTERS


def closing_dot(match: re.Match[str]) -> str:
    """The dot that ends an abbreviation if it ends the sentence too, else ""."""
    if not match.group().endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 40]
    following = rest.split(maxsplit=1)
    if not following or not following[0].strip("\"')]"):
        return "."
    return "." if rest[0].isspace() and following[0][:1].isupper() and is_starter(following[0]) else ""


def _cut(text: str, start: int, max_characters: int) -> int:
    """Where to end the chunk that begins at `start`: near the middle of what is left, if it can."""
    left = len(text) - start
    target = start + left // -(-left // max_characters)
    limit = start + max_characters
    if left > 4 * max_characters:
        target = limit
    window_start = start + max_characters // 3
    clauses = [m.end() for m in _CLAUSE_END.finditer(text, window_start, limit)]
    spaces = [] if clauses else [i for i in range(start + 1, limit + 1) if text[i : i + 1].isspace()]
    if not clauses and not spaces:
        return limit
    cut = min(clauses or spaces, key=lambda i: abs(i - target))
    for link in LINK.finditer(text, start, limit + 320):
        if link.start() < cut < link.end():
            return link.start() if link.start() > start else link.end()
    return cut

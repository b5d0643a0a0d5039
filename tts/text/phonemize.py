"""Phonemes: spoken words to misaki phonemes, behind the `Phonemizer` protocol.

The default backend is `hibari.g2p`: lexicon, part-of-speech tagger (heteronyms) and a small network
for unknown words. It is loaded at the first use, and without the rest of its package, whose import
(scipy) would cost a third of a second at every start.
"""

import importlib.util
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from tts.text.pronunciation import LINK, read_lexicon, to_misaki
from tts.text.symbols import DEFAULT_SYMBOLS, PAUSES, STRESS_MARKS

__all__ = ["EnglishPhonemizer", "Phonemes", "Phonemizer", "Word", "read_lexicon", "to_misaki"]

_LOADING = threading.RLock()
PRIMARY, SECONDARY = STRESS_MARKS
MAX_WORD_LETTERS = 24  # what the network for unknown words reads at once
MAX_REMEMBERED = 4096  # unknown words
MAX_LONG_WORD = 200  # of an unbroken run of letters; what is over is not spoken
_LONG_WORD = re.compile(rf"[^\W\d_]{{{MAX_WORD_LETTERS + 1},}}")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*+")
_CHAIN = re.compile(r"\S{16,}")
_JOINT = re.compile(r"[^\w\s]+|_+")
MAX_JOINTS = 8  # signs within a run without spaces
_WORD_BORDER = re.compile(r"[-\s/]+")
_PHONEME_WORD = re.compile(rf"[^\s{re.escape(PAUSES)}]+")
_LANGUAGE_MARK = re.compile(r"\([a-z-]{2,8}\)")
_FINAL_MARK = re.compile(r"([.!?…])[\"'”’)]*$")


@dataclass(frozen=True)
class Word:
    """One phoneme word and the written word it came from.

    Attributes:
        text: the written word without punctuation; "" when it goes on with the word before, which
            happens when one written word gives several phoneme words.
        phonemes: its phonemes, without punctuation.
    """

    text: str
    phonemes: str


@dataclass(frozen=True)
class Phonemes:
    """The pronunciation of a text.

    Attributes:
        phonemes: the whole string with spaces and punctuation, as `SymbolTable.encode` reads it.
        words: one entry per phoneme word, in the order of `TokenSequence.word_index`.
        unknown: characters of the text that are not spoken, with counts.
    """

    phonemes: str
    words: list[Word]
    unknown: dict[str, int] = field(default_factory=dict)


class Phonemizer(Protocol):
    """Turns normalised text into phonemes."""

    def __call__(self, text: str) -> Phonemes:
        """Phonemes of one utterance of normalised text."""
        ...


class EnglishPhonemizer:
    """English by `hibari.g2p`, with a user lexicon and inline `[word](/ipa/)` above it."""

    def __init__(self, lexicon: dict[str, str] | None = None, british: bool = False) -> None:
        """Take the lexicon; nothing is loaded yet.

        Args:
            lexicon: word (any case) -> phonemes, common IPA or misaki.
            british: British instead of American pronunciation.
        """
        self._lexicon = {w.lower(): to_misaki(p) for w, p in (lexicon or {}).items()}
        self._british = british
        self._g2p: Any = None

    def __call__(self, text: str) -> Phonemes:
        """Phonemes of one utterance; see `Phonemes`."""
        unknown: dict[str, int] = {}
        plain, spans = self._spans(text, unknown)
        tokens = _with_spans(self.g2p._tokens(plain), spans)
        self._sound_possessives(tokens)
        if not tokens:
            return Phonemes("", [], unknown)
        pieces = _with_nucleus([_piece(token) for token in self.g2p.phonemize_tokens(tokens)])
        mark = _FINAL_MARK.search(plain)  # the dot of "in the U.S." went into the abbreviation
        if mark and not _FINAL_MARK.search("".join(phonemes for phonemes, _ in pieces).rstrip()):
            pieces.append((mark.group(1), ""))
        return Phonemes("".join(phonemes for phonemes, _ in pieces).strip(), _words(pieces), unknown)

    @property
    def g2p(self) -> Any:
        """The backend, loaded at the first use, by whichever thread comes first."""
        if self._g2p is None:
            with _LOADING:
                if self._g2p is None:
                    g2p = _load_g2p().G2P(british=self._british)
                    g2p._oov = _network(g2p)
                    self._g2p = g2p
        return self._g2p

    def _spans(self, text: str, unknown: dict[str, int]) -> tuple[str, list[tuple[int, int, str]]]:
        """Text without link marks, and (start, end, phonemes) of the words with a given sound."""
        plain, spans, end = "", [], 0
        for link in LINK.finditer(text):
            plain += _readable(text[end : link.start()], unknown)
            spans.append((len(plain), len(plain) + len(link.group(1)), to_misaki(link.group(2))))
            plain, end = plain + link.group(1), link.end()
        plain += _readable(text[end:], unknown)
        if self._lexicon:
            taken = [False] * len(plain)
            for start, stop, _ in spans:
                taken[start:stop] = [True] * (stop - start)
            for word in _WORD.finditer(plain):
                written = word.group().lower().replace("’", "'")
                if written not in self._lexicon:
                    written = written.removesuffix("'s")
                if written in self._lexicon and not taken[word.start()]:
                    spans.append((word.start(), word.start() + len(written), self._lexicon[written]))
        return plain, sorted(spans)

    def _sound_possessives(self, tokens: list[Any]) -> None:
        """Sound the 's after a given sound (s, z or ᵻz); the backend alone would read it as a word of its own."""
        for word, ending in pairwise(tokens):
            if ending.text in ("'s", "’s") and word.phonemes and not word.whitespace:
                ending.phonemes = self.g2p.lexicon._s(word.phonemes)[len(word.phonemes) :]


def _load_g2p() -> Any:
    """Import hibari.g2p under a name of its own, without running hibari/__init__.py."""
    name = "_hibari_g2p"
    if name not in sys.modules:
        package = importlib.util.find_spec("hibari")
        assert package is not None and package.submodule_search_locations
        folder = Path(package.submodule_search_locations[0]) / "g2p"
        spec = importlib.util.spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def _network(g2p: Any) -> Callable[[str], str | None]:
    """The network for unknown words, which opens at the first of them, and remembers."""
    networks: list[Any] = []

    @lru_cache(MAX_REMEMBERED)
    def pronounce(word: str) -> str | None:
        with _LOADING:
            if not networks:  # opened for another holder than g2p, which other threads read
                networks.append(type(g2p).oov.fget(SimpleNamespace(_oov=None, british=g2p.british)))
        return _clean(networks[0](word))

    return pronounce


def _readable(text: str, unknown: dict[str, int]) -> str:
    """Break what the backend cannot read: long runs of letters (their excess is counted) and long chains of words."""

    def cut(match: re.Match[str]) -> str:
        run = match.group()
        for letter in run[MAX_LONG_WORD:]:
            unknown[letter] = unknown.get(letter, 0) + 1
        run = run[:MAX_LONG_WORD]
        n_pieces = -(-len(run) // MAX_WORD_LETTERS)
        size = -(-len(run) // n_pieces)
        return " ".join(run[i : i + size] for i in range(0, len(run), size))

    return _CHAIN.sub(_unchain, _LONG_WORD.sub(cut, text))


def _unchain(match: re.Match[str]) -> str:
    """Words that many signs join ("a-a-a-a ..."): the backend's time grows with the cube of their number."""
    run = match.group()
    if len(_JOINT.findall(run)) <= MAX_JOINTS:
        return run
    return _JOINT.sub(lambda m: " " if m.group() == "-" else m.group() + " ", run).rstrip()


def _with_spans(tokens: list[Any], spans: list[tuple[int, int, str]]) -> list[Any]:
    """Tokens with the spans' sounds: a span becomes one token, cut out of those it covers."""
    result: list[Any] = []
    place, opened = 0, -1
    start = 0
    for token in tokens:
        at, end = start, start + len(token.text)
        while at < end:
            while place < len(spans) and spans[place][1] <= at:
                place += 1
            begin, stop, phonemes = spans[place] if place < len(spans) else (end, end, "")
            inside = begin <= at
            stop = min(end, stop if inside else begin)
            if not inside or opened != place:
                sound = {"phonemes": phonemes, "rating": 5} if inside else {}
                result.append(token.copy(text="", **sound))
                opened = place if inside else opened
            else:
                result[-1].text += result[-1].whitespace
            result[-1].text += token.text[at - start : stop - start]
            result[-1].whitespace = token.whitespace if stop == end else ""
            at = stop
        start = end + len(token.whitespace)
    return result


def _clean(phonemes: str | None) -> str | None:
    """Remove what the network writes beside phonemes: language marks, hyphens, digits."""
    if not phonemes:
        return phonemes
    kept = _LANGUAGE_MARK.sub("", phonemes).replace("ʀ", "ɹ")
    return "".join(c for c in kept if c not in "()-1")


def _piece(token: Any) -> tuple[str, str]:
    return (token.phonemes or "") + (" " if token.whitespace else ""), token.text


def _with_nucleus(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give the last secondary stress of an utterance without a primary one the rank of a primary one.

    The lexicon stresses "who" and "up" as they sound among other words; alone, they carry the utterance.
    """
    if any(PRIMARY in phonemes for phonemes, _ in pieces):
        return pieces
    for index in reversed(range(len(pieces))):
        phonemes, text = pieces[index]
        before, mark, after = phonemes.rpartition(SECONDARY)
        if mark:
            return [*pieces[:index], (before + PRIMARY + after, text), *pieces[index + 1 :]]
    return pieces


def _words(pieces: list[tuple[str, str]]) -> list[Word]:
    """Phoneme words as `SymbolTable.encode` counts them, each with its written word."""
    words: list[list[str]] = []
    in_word = False
    for phonemes, text in pieces:
        texts, marks = _written_words(text, phonemes), ""
        if in_word and texts:  # 's after a word with a given sound
            words[-1][0] += texts.pop(0)
        for character in phonemes:
            if character.isspace() or character in PAUSES:
                in_word, marks = False, ""
            elif character in STRESS_MARKS:
                marks = character
            elif character in DEFAULT_SYMBOLS:
                if not in_word:
                    words.append([texts.pop(0) if texts else "", ""])
                words[-1][1] += marks + character
                in_word, marks = True, ""
    return [Word(text, phonemes) for text, phonemes in words]


def _written_words(text: str, phonemes: str) -> list[str]:
    """Share a token's text among its phoneme words: part by part if they match, else all first."""
    if not any(c.isalnum() for c in text):
        return []
    text = text.strip(' "“”‘’()[]{},;:!?…—')
    parts = [part for part in _WORD_BORDER.split(text) if part]
    return parts if len(parts) == len(_PHONEME_WORD.findall(phonemes)) else [text]

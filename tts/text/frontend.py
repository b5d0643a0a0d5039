"""The text front end put together: any text in, utterances (tokens) and pauses out, one by one.

Order: markup, sentences, normalisation, chunks, phonemes, tokens. Everything is lazy, so that the
first utterance of a book costs no more than that of a sentence.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tts.errors import InputError
from tts.text.manner import MANNERS
from tts.text.markup import Pause, Piece, Span, parse_markup
from tts.text.normalize import normalize, normalize_counted
from tts.text.phonemize import EnglishPhonemizer, Phonemes, Phonemizer
from tts.text.spans import cut_spans, manners_of, project_spans
from tts.text.split import iter_paragraphs, split_chunks
from tts.text.symbols import DEFAULT_SYMBOLS, SymbolTable, TokenSequence

MAX_RAW_CHARACTERS = 1000  # of written text, normalised at once
MAX_UNBROKEN = 2000  # plain characters without a space; what is over is counted, not spoken
_LONG_RUN = re.compile(rf"([!-~]{{{MAX_UNBROKEN}}})([!-~]+)")
MAX_TOKENS = 230  # of one utterance; longer ones are cut once more

__all__ = ["MAX_TOKENS", "FrontEnd", "Pause", "Utterance"]


@dataclass(frozen=True)
class Utterance:
    """What the acoustic model speaks in one go: a sentence or a part of a long one.

    Attributes:
        text: the written sentence; the spoken words if it had to be cut.
        normalized: its spoken words.
        phonemes: its pronunciation; `unknown` counts all that is not spoken, of text and phonemes.
        tokens: its tokens.
        is_paragraph_end: whether a blank line (or the end of the text) follows.
        manners: what markup sets for each phoneme word, by name; () when it sets nothing for any.
    """

    text: str
    normalized: str
    phonemes: Phonemes
    tokens: TokenSequence
    is_paragraph_end: bool
    manners: tuple[Mapping[str, float], ...] = ()


class FrontEnd:
    """Text to tokens, for one phonemizer and one symbol table."""

    def __init__(
        self,
        phonemizer: Phonemizer | None = None,
        symbols: SymbolTable = DEFAULT_SYMBOLS,
        lexicon: dict[str, str] | None = None,
        manners: tuple[str, ...] = MANNERS,
    ) -> None:
        """Put the parts together; nothing is loaded before the first text.

        Args:
            phonemizer: default English; then `lexicon` is given to it.
            symbols: the voice's symbol table.
            lexicon: the user's pronunciations, word -> phonemes.
            manners: what markup may set; the rest is refused, as the voice's lack.
        """
        if phonemizer is not None and lexicon:
            raise ValueError("give the lexicon to the phonemizer, or no phonemizer")
        self.phonemizer = phonemizer or EnglishPhonemizer(lexicon)
        self.symbols, self.manners = symbols, manners

    def chunks(self, text: str) -> Iterator[Utterance | Pause]:
        """Utterances and pauses of a text of any length, in order.

        Raises:
            InputError: nothing in the text can be spoken (raised before anything is yielded), or
                its markup is wrong (raised at once).
        """
        unknown: Counter[str] = Counter()
        held: Utterance | None = None
        waiting: list[Pause] = []  # after what is held
        for piece in self._pieces(text, unknown):
            if isinstance(piece, Pause):
                waiting.append(piece)
            elif piece is None:
                held = held and replace(held, is_paragraph_end=True)
            else:
                if held is not None:
                    yield held
                yield from waiting
                held, waiting = _counted(piece, unknown), []
        if held is None:
            shown = text if len(text) <= 40 else text[:40] + "…"
            raise InputError(f"nothing to speak in {shown!r}: write words, numbers or letters")
        yield _counted(held, unknown)
        yield from waiting

    def describe(self, text: str) -> dict[str, object]:
        """What becomes of a text: {"text", "normalized", "phonemes", "unknown"}.

        Raises:
            InputError: as `chunks`.
        """
        utterances = [u for u in self.chunks(text) if isinstance(u, Utterance)]
        unknown: Counter[str] = Counter()
        for utterance in utterances:
            unknown.update(utterance.phonemes.unknown)
        return {
            "text": text,
            "normalized": " ".join(u.normalized for u in utterances),
            "phonemes": " ".join(u.phonemes.phonemes for u in utterances),
            "unknown": dict(unknown),
        }

    def _pieces(self, text: str, unknown: Counter[str]) -> Iterator[Utterance | Pause | None]:
        """Utterances, pauses, and None after each paragraph."""
        for piece in self._parse(_without_long_runs(text, unknown)):
            if isinstance(piece, Pause):
                yield piece
                continue
            for paragraph, spans in cut_spans(iter_paragraphs(piece.text), piece.text, piece.spans):
                for sentence, own in cut_spans(split_chunks(paragraph, MAX_RAW_CHARACTERS), paragraph, spans):
                    yield from self._sentence(sentence, own, unknown)
                yield None

    def _parse(self, text: str) -> list[Piece]:
        """See parse_markup; also refuses what the voice lacks."""
        pieces = parse_markup(text)
        for piece in pieces:
            if isinstance(piece, Pause):
                continue
            for span in piece.spans:
                for name in sorted(span.manner.keys() - set(self.manners)):
                    words = piece.text[span.start : span.end][:40]
                    raise InputError(f"[{words}]{{{name}={span.manner[name]:g}}}: this voice has no steering; leave {name} out")
        return pieces

    def _sentence(self, sentence: str, spans: tuple[Span, ...], unknown: Counter[str]) -> Iterator[Utterance]:
        normalized, not_said = normalize_counted(sentence)
        unknown.update(not_said)
        spans = project_spans(sentence, normalized, spans, normalize)
        chunks = list(split_chunks(normalized))
        for chunk, own in cut_spans(chunks, normalized, spans):
            yield from self._encode(sentence if len(chunks) == 1 else chunk, chunk, own, unknown)

    def _encode(self, text: str, chunk: str, spans: tuple[Span, ...], unknown: Counter[str]) -> Iterator[Utterance]:
        phonemes = self.phonemizer(chunk)
        tokens = self.symbols.encode(phonemes.phonemes)
        if len(tokens) > MAX_TOKENS and len(chunk) > 40:
            for part, own in cut_spans(split_chunks(chunk, max(30, len(chunk) * 2 // 3)), chunk, spans):
                yield from self._encode(part, part, own, unknown)
            return
        unknown.update(phonemes.unknown)
        unknown.update(tokens.unknown)
        if tokens.n_words:
            phonemes = replace(phonemes, unknown={})
            manners = manners_of(phonemes.words, chunk, spans)
            yield Utterance(text, chunk, phonemes, tokens, is_paragraph_end=False, manners=manners)


def _without_long_runs(text: str, unknown: Counter[str]) -> str:
    """Cut what no text has: thousands of plain characters without a space; the rest of the run is counted."""

    def cut(match: re.Match[str]) -> str:
        unknown.update(match.group(2))
        return match.group(1)

    return _LONG_RUN.sub(cut, text)


def _counted(utterance: Utterance, unknown: Counter[str]) -> Utterance:
    """The utterance with all characters counted since the one before; the count starts again."""
    counts = Counter(utterance.phonemes.unknown) + unknown
    unknown.clear()
    return replace(utterance, phonemes=replace(utterance.phonemes, unknown=dict(counts)))

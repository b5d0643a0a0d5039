"""The token inventory: which characters of a phoneme string become tokens, and with which ids.

The alphabet is that of misaki (what `hibari.g2p` writes), American and British, and the few
further IPA letters that an inline pronunciation may bring. Pause symbols (punctuation) are tokens
with a duration of their own. Stress marks and spaces have no sound to align to, so they are not
tokens but features of their neighbours: a stress mark marks the phone that follows it, a space
ends a word (`place`, `word_index`). Quote marks carry no sound and make no token. Every other
character without a symbol is skipped, counted and reported in `unknown`.

The order of `DEFAULT_SYMBOLS` is part of every trained voice: append, never reorder.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

PAD, BEGIN, END = "_", "^", "$"
PAUSES = ",;:.!?—…()"
PHONES = (
    "AIOQWYSTabdefhijklmnopstuvwzæðŋɑɐɒɔəɚɛɜɡɪɹɾʃʊʌʒʔʤʧθᵊᵻː"  # English, American and British
    "cqrxyçøœɕɖɟɣɤɥɨɯɰɲɳɴɸɻɽʁʂʈʋʎʝβχʣʥʦʨᵝꭧʰʲ\u0303"  # further IPA, untrained in an English voice
)
STRESS_MARKS = {"ˈ": 1, "ˌ": 2}
QUOTES = frozenset("\"'“”‘’‛‟«»‹›„‚`´")
MAX_PAUSE_RUN = 3


@dataclass(frozen=True)
class TokenSequence:
    """Tokens of one utterance with what the text encoder needs to know about each, all of length S.

    Attributes:
        ids: (S,) int64, starts with begin-of-utterance (1), ends with end-of-utterance (2).
        stress: (S,) int64, 0 none, 1 primary, 2 secondary.
        place: (S,) int64, 0 inside a word, 1 first phone of a word, 2 last phone, 3 only phone; 0 for
            all that is no phone.
        word_index: (S,) int64, the word that a phone belongs to, -1 for all that is no phone.
        unknown: characters that have no symbol, with counts.
    """

    ids: np.ndarray
    stress: np.ndarray
    place: np.ndarray
    word_index: np.ndarray
    unknown: dict[str, int]

    def __len__(self) -> int:
        """Number of tokens S."""
        return len(self.ids)

    @property
    def n_words(self) -> int:
        """Number of phoneme words."""
        return int(self.word_index.max(initial=-1)) + 1


class SymbolTable:
    """Symbols and their ids; saved with a voice, because the ids are the rows of its embedding."""

    def __init__(self, symbols: Iterable[str]) -> None:
        """Take the symbols in the order of their ids; first padding, begin, end."""
        self.symbols = tuple(symbols)
        if self.symbols[:3] != (PAD, BEGIN, END):
            raise ValueError(f"symbols must begin with {PAD} {BEGIN} {END}, not {self.symbols[:3]}")
        if len(set(self.symbols)) != len(self.symbols) or any(len(s) != 1 for s in self.symbols):
            raise ValueError("symbols must be single characters, each once")
        self._ids = {s: i for i, s in enumerate(self.symbols) if i > 2}

    def __len__(self) -> int:
        """Number of symbols V."""
        return len(self.symbols)

    @property
    def silence_ids(self) -> list[int]:
        """Ids of what lies on silence: begin, end and the punctuation that carries a pause."""
        return [1, 2, *(self._ids[symbol] for symbol in PAUSES if symbol in self._ids)]

    def __contains__(self, character: str) -> bool:
        """Say whether a character has a token of its own."""
        return character in self._ids

    def __eq__(self, other: object) -> bool:
        """Tables are equal when their symbols are, in order."""
        return isinstance(other, SymbolTable) and self.symbols == other.symbols

    def __hash__(self) -> int:
        """Hash of the symbols."""
        return hash(self.symbols)

    def encode(self, phonemes: str) -> TokenSequence:
        """Turn a phoneme string into tokens.

        A word is a run of phones between spaces and pause symbols. Of a run of pause symbols the
        first `MAX_PAUSE_RUN` are kept. A stress mark without a phone after it in the same word is void.

        Args:
            phonemes: misaki phonemes, such as "həlˈO ðˈɛɹ."
        """
        ids, stresses, words = [1], [0], [-1]
        unknown: dict[str, int] = {}
        stress, word, in_word, run = 0, -1, False, 0
        for character in phonemes:
            token = self._ids.get(character)
            if token is None:
                if character in STRESS_MARKS:
                    stress = STRESS_MARKS[character]
                elif character.isspace():
                    stress, in_word = 0, False
                elif character not in QUOTES:
                    unknown[character] = unknown.get(character, 0) + 1
                continue
            if character in PAUSES:
                run, in_word = run + 1, False
                if run > MAX_PAUSE_RUN:
                    continue
                ids.append(token)
                stresses.append(0)
                words.append(-1)
            else:
                word, in_word, run = word + (not in_word), True, 0
                ids.append(token)
                stresses.append(stress)
                words.append(word)
            stress = 0
        return _sequence([*ids, 2], [*stresses, 0], [*words, -1], unknown)

    def to_json(self) -> str:
        """JSON text that `from_json` reads."""
        return json.dumps({"symbols": "".join(self.symbols)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "SymbolTable":
        """Read what `to_json` wrote."""
        return cls(json.loads(text)["symbols"])


def _sequence(ids: list[int], stress: list[int], words: list[int], unknown: dict[str, int]) -> TokenSequence:
    word_index = np.array(words, dtype=np.int64)
    is_phone = word_index >= 0
    is_first = is_phone & (word_index != np.roll(word_index, 1))
    is_last = is_phone & (word_index != np.roll(word_index, -1))
    place = is_first + 2 * is_last.astype(np.int64)
    return TokenSequence(np.array(ids, dtype=np.int64), np.array(stress, dtype=np.int64), place, word_index, unknown)


DEFAULT_SYMBOLS = SymbolTable(PAD + BEGIN + END + PAUSES + PHONES)

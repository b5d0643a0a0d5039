"""Written pronunciations: common IPA mapped to the misaki alphabet, and the user's lexicon file.

misaki writes one character for a diphthong or an affricate (A for eɪ, ʧ for tʃ) and has only the
sounds of English. What people write in dictionaries is mapped to it; a foreign sound becomes the
nearest English one, because an English voice has never heard it.
"""

import re
import unicodedata
from pathlib import Path

from tts.errors import InputError

LINK = re.compile(r"\[([^\[\]()\n]{1,100})\]\(/([^()/\n]{0,200})/\)")

_MISAKI = set("AIOQWYTbdfhijklmnpstuvwzæðŋɑɐɒɔəɛɜɡɪɹɾʃʊʌʒʔʤʧθᵊᵻ ˈˌ")
_SEQUENCES = {
    "tʃ": "ʧ", "dʒ": "ʤ", "oʊ": "O", "əʊ": "O", "ou": "O", "eɪ": "A", "ei": "A", "aɪ": "I",
    "ai": "I", "aʊ": "W", "au": "W", "ɔɪ": "Y", "ɔi": "Y", "ɝː": "ɜɹ", "ɜː": "ɜɹ", "ɜːɹ": "ɜɹ",
    "ɜːr": "ɜɹ", "ɜr": "ɜɹ", "ɚr": "əɹ", "ɝr": "ɜɹ", "juː": "ju",
}  # fmt: skip
_SINGLE = {
    "r": "ɹ", "g": "ɡ", "ɝ": "ɜɹ", "ɚ": "əɹ", "e": "ɛ", "o": "O", "a": "ɑ", "ɫ": "l", "ɾ": "T",
    "ʔ": "t", "x": "k", "χ": "h", "ħ": "h", "ɦ": "h", "ç": "h", "c": "k", "q": "k", "ɣ": "ɡ",
    "ɢ": "ɡ", "ɟ": "ʤ", "ʝ": "j", "ɕ": "ʃ", "ʂ": "ʃ", "ʑ": "ʒ", "ʐ": "ʒ", "ɸ": "f", "β": "v",
    "ʋ": "v", "ɱ": "m", "ɲ": "nj", "ɳ": "n", "ɴ": "ŋ", "ʎ": "lj", "ɭ": "l", "ɬ": "l", "ɮ": "l",
    "ʟ": "l", "ʁ": "ɹ", "ʀ": "ɹ", "ɻ": "ɹ", "ɽ": "ɹ", "ɺ": "ɹ", "ʈ": "t", "ɖ": "d", "ʦ": "ts",
    "ʣ": "dz", "ʨ": "ʧ", "ʥ": "ʤ", "ꭧ": "ʧ", "ʍ": "w", "ɰ": "w", "ɥ": "w", "y": "i", "ʏ": "ɪ",
    "ø": "ɜ", "œ": "ɜ", "ɶ": "ɑ", "ɵ": "ə", "ɘ": "ə", "ɞ": "ɜ", "ɤ": "ʌ", "ɨ": "ɪ", "ʉ": "u",
    "ɯ": "u", "S": "ʃ", "'": "ˈ", "ʼ": "", "ˑ": "", "ː": "", ":": "", ".": "", "‿": "",
    "ʰ": "", "ʲ": "j", "ʷ": "w", "ˠ": "", "ᵝ": "", "\u0303": "n", "-": "",
}  # fmt: skip
_IPA = re.compile("|".join(sorted(_SEQUENCES, key=len, reverse=True)) + "|(?s:.)")


def to_misaki(ipa: str) -> str:
    """Map a pronunciation in common IPA (or already in misaki's letters) to the misaki alphabet.

    Raises:
        InputError: a character is no IPA, or nothing is left to say.
    """
    text = unicodedata.normalize("NFD", ipa.strip().strip("/[]")).replace("c\u0327", "ç")
    text = "".join(c for c in text if not unicodedata.combining(c) or c == "\u0303")
    phonemes = "".join(_map(m.group(), ipa) for m in _IPA.finditer(" ".join(text.split())))
    if not phonemes.strip(" ˈˌ"):
        raise InputError(f"pronunciation {ipa!r} has no sound: write IPA such as /həlˈoʊ/")
    return phonemes


def _map(piece: str, ipa: str) -> str:
    if piece in _SEQUENCES:
        return _SEQUENCES[piece]
    mapped = _SINGLE.get(piece, piece if piece in _MISAKI else None)
    if mapped is None:
        raise InputError(
            f"unknown IPA character {piece!r} in pronunciation {ipa!r}: write IPA such as /həlˈoʊ/ (no digits, no ARPAbet)"
        )
    return mapped


def read_lexicon(path: str | Path) -> dict[str, str]:
    """Read a user lexicon: one `word TAB phonemes` a line; blank lines and `#` lines are comments.

    Args:
        path: UTF-8 text file.

    Returns:
        lower-case word -> misaki phonemes.

    Raises:
        InputError: the file cannot be read, or a line (named) is not of that form.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"cannot read lexicon {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"lexicon {path} is not UTF-8 text: save it as UTF-8") from error
    lexicon = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        word, _, phonemes = line.partition("\t")
        if not phonemes.strip() or len(word.split()) != 1:
            raise InputError(f"lexicon {path}, line {number}: {line[:60]!r} is not one word, a TAB and phonemes")
        try:
            lexicon[word.strip().lower()] = to_misaki(phonemes)
        except InputError as error:
            raise InputError(f"lexicon {path}, line {number}: {error}") from error
    return lexicon

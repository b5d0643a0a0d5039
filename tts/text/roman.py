"""Roman numerals: "Chapter IV" is "Chapter four", "Henry VIII" is "Henry the eighth"; others are left as they are."""

import re

from tts.text.numbers import cardinal, ordinal
from tts.text.rules import Match, Rule, any_of, apply_rules, words

_COUNTED = words(
    "Chapter Part Act Scene Section Volume Book Phase Article Mark Type Level Stage Class Grade Apollo Gemini Episode Round "
    "Appendix "
    "Figure Table Unit Lesson Canto Psalm Title Division Group Category Schedule Exhibit Rocky Fantasy Bowl War"
)
_KINGS = words(
    "Henry Louis Edward George William Charles James Richard Elizabeth Napoleon Pius Benedict Leo Paul Ramses Ramesses "
    "Frederick Philip "
    "Felipe Alexander Nicholas Peter Catherine Ivan Umberto Emmanuel Gustav Christian Ferdinand Francis Franz Wilhelm Otto Mary "
    "Alfonso Carlos Juan Pedro John Robert David Harald Haakon Olaf Ptolemy Darius Xerxes Clement Gregory Innocent Urban "
    "Boniface Sixtus Julius Joseph Rudolf Maximilian Leopold Albert Baldwin Mehmed Murad Selim Margrethe Akhenaten Amenhotep "
    "Thutmose"
)
_RANKS = words("King Queen Pope Emperor Empress Tsar Czar Kaiser Sultan Pharaoh Prince Duke Count Shah")
_NUMERAL = r"(?=[IVXLC])(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_LOWER = r"(?=[ivx]{2})(?:x{0,3})(?:ix|iv|v?i{0,3})"
_END = r"(?![\w'-]|\.\w)"
_PLAIN = words("II III VII VIII IX XII XIII XIV XVI XVII XVIII XIX")  # mean nothing else
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def speak_roman(text: str) -> str:
    """Read Roman numerals after words that are counted, after rulers, and those that can be nothing else."""
    return apply_rules(_RULES, text)


def _value(numeral: str) -> int:
    values = [_VALUES[c] for c in numeral.upper()]
    return sum(-v if v < following else v for v, following in zip(values, [*values[1:], 0], strict=True))


def _counted(match: Match) -> str:
    return f"{match.group(1)} {cardinal(_value(match.group(2)))}"


def _king(match: Match) -> str:
    return f"{match.group(1)} the {ordinal(_value(match.group(2)))}"


_RULES: list[Rule] = [
    (re.compile(rf"\b((?:{any_of(_RANKS)}) [A-Z][a-z]+(?: [A-Z][a-z]+)?) ({_NUMERAL})(?!\w)"), _king),
    (re.compile(rf"\b({any_of(_KINGS)}) ((?=[IVXLC]{{2}}|[VX]){_NUMERAL})(?!\w)"), _king),
    (re.compile(rf"\b({any_of(_KINGS)}) (I)(?=[,.;:!?)]|'s|\s(?:of|was|died|became)\b|$)"), _king),
    (re.compile(rf"\b({any_of(_COUNTED)}) ({_NUMERAL}){_END}"), _counted),
    (re.compile(rf"\b((?i:{any_of(_COUNTED)})) ((?=[IVXLC]{{2}}|[VX]){_NUMERAL}|{_LOWER}){_END}"), _counted),
    (re.compile(rf"\b([A-Z]\w+) ({any_of(_PLAIN)})(?![\w-]|\.\w)"), _counted),
]

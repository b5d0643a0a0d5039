"""Written text to spoken words: the pipeline of rules; docs/text.md says what is said how, and why.

Each rule is one function from text to text, a handful of them with their tables in each module, applied in the order below,
so that each sees what the ones before it left. A spoken text passes through unchanged: normalising twice equals normalising
once, unless words and numbers stood together without a space ("1,000e.g."). All rules run in linear time: no nested
quantifiers, and no rule starts again inside a run that it has already read.
"""

import re

from tts.text.abbreviations import speak_abbreviations
from tts.text.addresses import speak_addresses
from tts.text.clean import PLACEHOLDERS, clean
from tts.text.dates import speak_dates
from tts.text.money import speak_money
from tts.text.phones import speak_phones
from tts.text.pronunciation import LINK
from tts.text.quantities import speak_quantities
from tts.text.roman import speak_roman
from tts.text.signs import silence_rows, speak_operators, speak_signs
from tts.text.times import speak_times
from tts.text.units import speak_units
from tts.text.web import speak_tags, speak_web

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_RULES = (
    speak_addresses,
    speak_dates,
    speak_phones,
    speak_times,
    speak_money,
    speak_units,
    speak_abbreviations,
    speak_roman,
    speak_operators,
    speak_quantities,
)


def normalize(text: str) -> str:
    """Spoken words of a written text, with its sentence punctuation; may be empty.

    Args:
        text: any text; inline pronunciations `[word](/ipa/)` stay as they are.
    """
    return normalize_counted(text)[0]


def normalize_counted(text: str) -> tuple[str, dict[str, int]]:
    """`normalize`, and the characters that are not spoken, with counts."""
    unknown: dict[str, int] = {}
    links: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if len(links) == len(PLACEHOLDERS):
            return match.group(1)
        links.append(match.group())
        return chr(PLACEHOLDERS[len(links) - 1])

    text = LINK.sub(hide, _PRIVATE.sub("", text))
    text = speak_tags(clean(text, unknown), unknown)
    text = " ".join(text.split())
    text = silence_rows(speak_web(text), unknown)
    for rule in _RULES:
        text = rule(text)
    text = speak_signs(text, unknown)
    return _PRIVATE.sub(lambda m: links[ord(m.group()) - PLACEHOLDERS[0]], text), unknown

"""Unicode to plain characters: the first step of normalisation.

Afterwards a text holds printable ASCII, the dashes and ellipsis that carry a pause, the currency and
degree signs that later rules read, and placeholders for inline pronunciations. Emoji are named.
"""

import re
import unicodedata

from anyascii import anyascii

PLACEHOLDERS = range(0xE000, 0xF8FF)  # stand for inline pronunciations; never in user text
KEPT = frozenset("—…°£€¥₹₩¢µ×÷√")

_BEFORE_FOLDING = {
    "½": " 1/2", "⅓": " 1/3", "⅔": " 2/3", "¼": " 1/4", "¾": " 3/4", "⅕": " 1/5", "⅖": " 2/5",
    "⅗": " 3/5", "⅘": " 4/5", "⅙": " 1/6", "⅚": " 5/6", "⅐": " 1/7", "⅛": " 1/8", "⅜": " 3/8",
    "⅝": " 5/8", "⅞": " 7/8", "⅑": " 1/9", "⅒": " 1/10", "…": "…", "‥": "…", "⋯": "…",
    "‘": "'", "’": "'", "‛": "'", "′": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "″": '"',
    "«": '"', "»": '"', "‹": "'", "›": "'", "–": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-",
    "―": "—", "⸺": "—", "⸻": "—", "µ": "µ", "μ": "µ", "º": "°", "ª": "a", "™": " trademark ",
    "®": " registered ", "©": " copyright ", "№": " number ", "℃": "°C", "℉": "°F", "‰": " per mille ",
    "≈": " approximately ", "≠": " is not equal to ", "≤": " is less than or equal to ",
    "≥": " is greater than or equal to ", "±": " plus or minus ", "∞": " infinity ", "∑": " sum ",
    "→": " to ", "⇒": " implies ", "←": " from ", "↔": " to and from ", "↑": " up ", "↓": " down ",
    "§": " section ", "¶": " paragraph ", "†": " ", "‡": " ", "•": " ", "·": " ", "∙": " ",
    "●": " ", "○": " ", "■": " ", "□": " ", "▪": " ", "✓": " check ", "✔": " check ", "✗": " cross ",
    "✘": " cross ", "★": " star ", "☆": " star ", "∆": " delta ", "π": " pi ", "♥": " heart ",
    "。": ".", "、": ",", "，": ",", "！": "!", "？": "?", "：": ":", "；": ";", "⁄": "/", "∕": "/",
    "⋅": "×", "∗": "*", "∶": ":", "♯": " sharp ", "♭": " flat ", "␣": " ", "¿": "", "¡": "",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_TABLE = str.maketrans(_BEFORE_FOLDING)
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\ufffd")
_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})"
                    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")  # fmt: skip
_SUPERSCRIPT = re.compile(r"(?<=[\w)\]])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_GREEK = re.compile(r"(?<![\u0370-\u03ff])[\u0370-\u03ff](?![\u0370-\u03ff])")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_NAME_NOISE = re.compile(r"\b(?:heavy|black|white|medium|sign|symbol|with variation selector|dingbat|emoji)\b|-\d+$")
MAX_EMOJI_IN_A_ROW = 3


def clean(text: str, unknown: dict[str, int]) -> str:
    """Fold a text to plain characters; see the module.

    Args:
        text: any text.
        unknown: counts of characters that nobody can speak; added to.
    """
    if not text.isascii():
        text = _SUPERSCRIPT.sub(lambda m: "^" + m.group().translate(_SUPERSCRIPTS), text)
        text = _MARKS.sub(r"\1", text.translate(_TABLE))
        parts = (unicodedata.normalize("NFKC", part) for part in text.split("…"))  # NFKC writes it as three dots
        text = "…".join(parts).translate(_TABLE)
        text = _GREEK.sub(_greek_letter, text)
        text = _NOT_ASCII.sub(lambda m: _fold_run(m.group(), unknown).removesuffix(", " * (m.end() == len(text))), text)
    for control in _CONTROL.findall(text):
        unknown[control] = unknown.get(control, 0) + 1
    return _CONTROL.sub("", text)


def _greek_letter(match: re.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 1]
    if match.group() == "μ" and following in tuple("mgslLFAVW"):
        return "µ"
    name = unicodedata.name(match.group(), "")
    return f" {name.split()[3].lower()} " if " LETTER " in name else match.group()


def _fold_run(run: str, unknown: dict[str, int]) -> str:
    """Fold a run of non-ASCII characters; emoji in a row are named once each, three at most."""
    folded: list[str] = []
    emoji: list[str] = []
    flag = ""
    for character in run:
        category = unicodedata.category(character)
        if "\U0001f1e6" <= character <= "\U0001f1ff":
            flag += chr(ord(character) - 0x1F1E6 + ord("A"))
            if len(flag) == 2:
                emoji.append(f"flag {flag[0]} {flag[1]}")
                flag = ""
            continue
        if category in ("So", "Sm", "Sk") and character not in KEPT:
            if name := _emoji_name(character):
                emoji.append(name)
            elif not _is_skin_tone(character):
                unknown[character] = unknown.get(character, 0) + 1
            continue
        if category in ("Cf", "Mn", "Me") and emoji:
            continue
        folded += _named(emoji)
        emoji = []
        folded.append(_fold(character, category, unknown))
    return "".join(folded + _named(emoji))


def _named(names: list[str]) -> list[str]:
    distinct = list(dict.fromkeys(names))[:MAX_EMOJI_IN_A_ROW]
    return [", ", ", ".join(distinct), ", "] if distinct else []


def _is_skin_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _emoji_name(character: str) -> str:
    """Spoken name of a symbol, "" for those without one (boxes, skin tones, patterns)."""
    if "\u2500" <= character <= "\u25ff" or _is_skin_tone(character):
        return ""
    name = unicodedata.name(character, "").lower()
    return " ".join(_NAME_NOISE.sub(" ", name).replace("-", " ").split())


def _fold(character: str, category: str, unknown: dict[str, int]) -> str:
    if character in KEPT or "\ue000" <= character <= "\uf8ff":
        return character
    if category[0] == "Z":
        return " "
    if category == "Cf" or character in _FILLERS:
        return ""
    folded = "" if category[0] == "C" else anyascii(character)
    if not folded and category not in ("Mn", "Me"):
        unknown[character] = unknown.get(character, 0) + 1
    if "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf":
        return f" {folded.lower()} "
    return folded.lower() if category == "Lo" else folded

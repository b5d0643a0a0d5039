"""What is left that is no letter: signs that are said ("&" is "and"), signs that are silent, and tidy punctuation.

Afterwards a text holds letters, apostrophes, hyphens and punctuation that the phonemizer knows. A sign that is said nowhere
is dropped and counted; a row of three or more of the same sign is a line or an ornament, not a word.
"""

import re

from tts.text.rules import Match, Rule, apply_rules

_SAID = {
    "&": "and", "@": "at", "%": "percent", "=": "equals", "+": "plus", "°": "degrees", "$": "dollar", "£": "pound", "€": "euro",
    "¥": "yen", "₹": "rupee", "₩": "won", "¢": "cent", "µ": "micro", "×": "times", "÷": "divided by", "√": "square root of",
    "/": "slash",
}  # fmt: skip
_SILENT = re.compile(r"[^A-Za-z'\".,;:!?()—…\s\ue000-\uf8ff-]")
_OPERATORS: list[Rule] = [
    (re.compile(r"\band/or\b"), lambda m: "and or"),
    (re.compile(r"\b([A-G])#(?!\w)"), lambda m: m.group(1) + " sharp"),
    (re.compile(r"#\s?(?=\d)"), lambda m: "number "),
    (re.compile(r"(?<=\w)\^2(?!\d)"), lambda m: " squared "),
    (re.compile(r"(?<=\w)\^3(?!\d)"), lambda m: " cubed "),
    (re.compile(r"(?<=[\w)])\^(?=[\w(-])"), lambda m: " to the power of "),
    (re.compile(r"(?<=\w)\s+<=\s+(?=[\w-])"), lambda m: " is less than or equal to "),
    (re.compile(r"(?<=\w)\s+>=\s+(?=[\w-])"), lambda m: " is greater than or equal to "),
    (re.compile(r"(?<=\w)\s*<\s*(?=\d)|(?<=\w)\s+<\s+(?=\w)"), lambda m: " is less than "),
    (re.compile(r"(?<=\w)\s*>\s*(?=\d)|(?<=\w)\s+>\s+(?=\w)"), lambda m: " is greater than "),
    (re.compile(r"[\[{]"), lambda m: "("),
    (re.compile(r"[\]}]"), lambda m: ")"),
    (re.compile(r"\s\|\s"), lambda m: ", "),
]
_WORDS = re.compile(r"[&@%=+°$£€¥₹₩¢µ×÷√/]")
_TIDY: list[Rule] = [
    (re.compile(r"(?<!\S)\.(?=[A-Za-z])"), lambda m: "dot "),
    (re.compile(r"(?<=\w)\s?--+\s?(?=[\w\"'])|\s-{2,}(?=\s|$)"), lambda m: " — "),
    (re.compile(r"''"), lambda m: '"'),
    (re.compile(r"^\s*[-—*]+\s+"), lambda m: ""),
    (re.compile(r"(?<!\S)-(?=\w)|(?<=\w)-(?!\S)"), lambda m: " "),
    (re.compile(r"-{2,}|(?<![\w'\ue000-\uf8ff\s])-|-(?![\w\ue000-\uf8ff\s])"), lambda m: " "),
    (re.compile(r"\(\s*\)"), lambda m: " "),
    (re.compile(r"(?<=\))(?=[\w(])|(?<=\w)(?=\()"), lambda m: " "),
    (re.compile(r"\s+"), lambda m: " "),
    (re.compile(r" (?=[,.;:!?])"), lambda m: ""),
    (re.compile(r",(?=[^\s\"'),;:.!?…])"), lambda m: ", "),
    (re.compile(r"([,;:])[,;:]+"), lambda m: m.group(1)),
    (re.compile(r",(?=[.!?])"), lambda m: ""),
    (re.compile(r"(?<=[!?…]),+|(?<=[a-z]{2}\.),+"), lambda m: ""),
    (re.compile(r"^[\s,;:.!?)]+"), lambda m: ""),
]
_EMOTICON = re.compile(r"(?<!\S)[:;=]['o-]?[()\[\]DPp/|*](?![^\s.,!?])")
_ROW = re.compile(r"([^\w\s.!?…\"'()])\1{2,}")


def silence_rows(text: str, unknown: dict[str, int]) -> str:
    """Take rows of one sign ("-----", "=====") for a dash, drop emoticons; count both."""

    def row(match: Match) -> str:
        sign = match.group(1)
        if sign not in "-—,;:":
            unknown[sign] = unknown.get(sign, 0) + len(match.group())
        return " — "

    def emoticon(match: Match) -> str:
        unknown[match.group()] = unknown.get(match.group(), 0) + 1
        return " "

    return _ROW.sub(row, _EMOTICON.sub(emoticon, text))


def speak_operators(text: str) -> str:
    """Say the signs that mean something only beside digits or letters; before the numbers are read."""
    return apply_rules(_OPERATORS, text)


def speak_signs(text: str, unknown: dict[str, int]) -> str:
    """Say the signs that have a word, drop and count the others, and tidy the punctuation."""
    text = _WORDS.sub(lambda m: f" {_SAID[m.group()]} ", text)

    def drop(match: Match) -> str:
        unknown[match.group()] = unknown.get(match.group(), 0) + 1
        return " "

    return apply_rules(_TIDY, _SILENT.sub(drop, text)).strip()

"""The numbers that no other rule has read: fractions, percent, ranges, sums, ordinals, years and plain numbers."""

import re

from tts.text.money import SCALES
from tts.text.numbers import NUMBER, NUMBER_OR_POINT, cardinal, digits, ordinal, say_number, year
from tts.text.rules import Match, Rule, apply_rules, words

_HALVES = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_FIXED = {"24/7": "twenty four seven", "9/11": "nine eleven", "50/50": "fifty fifty", "20/20": "twenty twenty"}
_DENOMINATORS = frozenset([*range(2, 21), 25, 30, 32, 40, 50, 60, 64, 100, 1000])
_ONLY_YEARS = frozenset(words("in since until till year circa copyright spring summer autumn fall winter"))
_NO_NOUNS = frozenset(words("was is has as does his this its us plus versus minus across always perhaps thus yes"))
_COUNTED = frozenset(words("people men women children feet percent sheep fish dead degrees of million billion more fewer"))
_SLASH = r"\s?/\s?"
_FRACTION = rf"(?<![\w./,])(?:(\d{{1,9}})[ -])?(\d{{1,6}}){_SLASH}(\d{{1,6}})(?:ths?|rds?|nds?)?(?![\w/]|[.,]\d)"
_LEFT = r"(?<![\w.,/:])"
_OPERAND = rf"(?:{NUMBER}|(?<!\w)[a-z](?!\w))"
_OPERATORS = {"+": "plus", "-": "minus", "*": "times", "×": "times", "÷": "divided by", "=": "equals", "/": "over"}


def speak_quantities(text: str) -> str:
    """Read all numbers that are left."""
    return apply_rules(_RULES, text)


def _fraction(match: Match) -> str:
    whole, top, bottom = match.groups()
    fixed = _FIXED.get(match.group().replace(" ", ""))
    if fixed:
        return fixed
    said = _part(int(top), int(bottom))
    if whole is None:
        return said
    return f"{say_number(whole)} and {'a half' if said == 'one half' else said}"


def _part(top: int, bottom: int) -> str:
    if bottom not in _DENOMINATORS or (top >= bottom and bottom > 20):
        return f"{cardinal(top)} over {cardinal(bottom)}"
    one, many = _HALVES.get(bottom) or (ordinal(bottom), ordinal(bottom) + "s")
    return f"{cardinal(top)} {one if top == 1 else many}"


def _percent(match: Match) -> str:
    first, minus, last = match.groups()
    return (say_number(first) + " to " if first else "") + ("minus " if minus else "") + say_number(last) + " percent"


def _minus_between(match: Match) -> str:
    """Tell minus from a range: "5 - 3 = 2" and "9 - 5" are sums, "5 - 9" is a range."""
    first, last = match.groups()
    rest = match.string[match.end(2) : match.end(2) + 12].lstrip()
    is_sum = rest.startswith("=") or _value(first) >= _value(last)
    return f"{first} {'minus' if is_sum else 'to'} "


def _value(text: str) -> float:
    return float(text.replace(",", ""))


def _operator(match: Match) -> str:
    return f" {_OPERATORS[match.group(1)]} "


def _ordinal(match: Match) -> str:
    number = match.group(1).replace(",", "")
    return ordinal(int(number)) if len(number) <= 36 else digits(number)


def _scaled(match: Match) -> str:
    return f"{say_number(match.group(1))} {SCALES[match.group(2)]}"


def _signed(match: Match) -> str:
    return ("minus " if match.group(1) in "-–" else "plus ") + match.group(2)


def _plain(match: Match) -> str:
    text = match.group()
    return _plain_year(match) if len(text) == 4 and text.isdigit() else say_number(text)


def _plain_year(match: Match) -> str:
    """Four digits are a year, unless they count something or are out of range."""
    number = int(match.group())
    before = match.string[max(0, match.start() - 14) : match.start()].lower().split()
    is_dated = bool(before) and before[-1].lstrip("(\"'") in _ONLY_YEARS
    if not (1001 if is_dated else 1100) <= number < 2100 or (not is_dated and _counts(match)):
        return say_number(match.group())
    return year(number)


def _counts(match: Match) -> bool:
    """Whether the next word is a plural noun: "1250 pages"."""
    following = match.string[match.end() : match.end() + 24]
    words = following.split(maxsplit=1)
    if not words or not following[0].isspace():
        return False
    word = words[0].rstrip(".,;:!?\"')")
    is_plural = len(word) > 3 and word.isalpha() and word.islower() and word.endswith("s") and not word.endswith("ss")
    return word not in _NO_NOUNS and (is_plural or word in _COUNTED)


_RULES: list[Rule] = [
    (re.compile(_FRACTION), _fraction),
    (re.compile(rf"(?:{_LEFT}({NUMBER})\s?%?\s?(?:-|to)\s?)?(?:(?<![\w)])(-))?(?<![\w.,])({NUMBER_OR_POINT})\s?%"), _percent),
    (re.compile(rf"{_LEFT}({NUMBER})\s?-\s(?=({NUMBER})(?!\w))"), _minus_between),
    (re.compile(rf"{_LEFT}({NUMBER})-(?={NUMBER}(?![\w-]))"), lambda m: m.group(1) + " to "),
    (re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)"), lambda m: " by "),
    (re.compile(r"(?:(?<=\d)|(?<=\b[a-z])|(?<=\)))\s*([+*×÷=])\s*(?=\(?-?(?:\d|[a-z](?!\w)))"), _operator),
    (re.compile(r"(?<=\d):(?=\d)"), lambda m: " to "),
    (re.compile(r"(?<!\d)(\d{1,3}(?:,\d{3})++|\d++)(?:st|nd|rd|th)(?![A-Za-z\d])"), _ordinal),
    (re.compile(r"(?<=[A-Za-z])-(?=\d)"), lambda m: " "),
    (re.compile(r"(?<![\w.,])([48])K(?!\w)"), lambda m: f"{cardinal(int(m.group(1)))} K"),
    (re.compile(rf"(?<![\w.,])({NUMBER})([kKM]|bn|mn|tn|B(?= [a-z]))(?!\w)"), _scaled),
    (re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,10}(?![\w]|[.,]\d)"), lambda m: say_number(m.group().replace(".", ","))),
    (re.compile(r"(?<![\w.,-])\d{1,3}(?: 000){1,5}(?!\w| \d|[.,]\d)"), lambda m: say_number(m.group().replace(" ", ","))),
    (re.compile(r"(?<![\d.])\d++(?:\.\d++){2,}"), lambda m: " point ".join(say_number(part) for part in m.group().split("."))),
    (re.compile(r"(?<![\w)?])([-+])\s?(\.?\d)"), _signed),
    (re.compile(rf"(?<![\d.])\.\d++|{NUMBER}"), _plain),
]

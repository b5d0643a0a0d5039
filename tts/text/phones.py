"""Numbers that are read digit by digit: telephone, card and identity numbers, IP addresses, versions, codes.

Groups of a telephone number are parted by commas, which the voice speaks as short pauses.
"""

import re

from tts.text.numbers import cardinal, digits, say_number
from tts.text.rules import Match, Rule, apply_rules

_START = r"(?<![\w.,$£€-])"
_END = r"(?![\w-]|\.\d)"
_COUNTRY = rf"(?:(?<![\w.])\+\d{{1,3}}[ .-]?|{_START}1[ .-])?"
_AREA = r"(?:\(\d{3}\)[ -]?|(?<![\w.,$-])\d{3}[ .-]|(?<=[ .-])\d{3}[ .-])"
_GROUP = re.compile(r"[A-Za-z]+|\d+")
_CODE_WORDS = (
    r"ending in|ends in|ending with|ends with|last four digits|last four|pin|pin code|passcode|password|zip|zip code|"
    r"area code|postcode|postal code|extension|ext\.|code"
)


def speak_phones(text: str) -> str:
    """Read numbers that name something rather than count it."""
    return apply_rules(_RULES, text)


def _phone(match: Match) -> str:
    number = match.group()
    groups = [_group(m.group()) for m in _GROUP.finditer(number)]
    return ("plus " if number.startswith("+") else "") + ", ".join(groups)


def _group(group: str) -> str:
    return "eight hundred" if group == "800" else digits(group)


def _vanity(match: Match) -> str:
    groups: list[str] = []
    for part in match.group().split("-"):
        words = " ".join(_group(m.group()) if m.group().isdigit() else m.group() for m in _GROUP.finditer(part))
        if part.isdigit() and len(part) == 1 and groups and groups[-1].isalpha():
            groups[-1] += " " + words  # "BY-4-FUN": BY four, HAUL
        else:
            groups.append(words)
    return ", ".join(groups)


def _address(match: Match) -> str:
    return " dot ".join(digits(group) for group in match.group().split("."))


def _version(match: Match) -> str:
    letter = match.group(1)
    groups = match.group()[len(letter) :].split(".")
    if len(groups) > 2 and all(len(group) == 3 for group in groups[1:]):
        return match.group()  # thousands parted by dots
    return (f"{letter} " if letter else "") + " point ".join(say_number(group) for group in groups)


def _code(match: Match) -> str:
    return f"{match.group(1)}{match.group(2)}{digits(match.group(3))}"


def _groups(match: Match) -> str:
    groups = match.group().split("-")
    is_code = any(len(group) > 2 for group in groups)
    return ", ".join(digits(g) if is_code and g != "X" else say_number(g) if g != "X" else g for g in groups)


def _emergency(match: Match) -> str:
    return f"{match.group(1)}{digits(match.group(2))}"


def _room(match: Match) -> str:
    number = int(match.group(2))
    head, tail = divmod(number, 100)
    words = cardinal(number) if not tail else f"{cardinal(head)} {'oh ' if tail < 10 else ''}{cardinal(tail)}"
    return f"{match.group(1)} {words}"


_RULES: list[Rule] = [
    (re.compile(rf"(?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}{_END}"), _address),
    (re.compile(r"(?<![A-Za-z\d.,-])([vV]?)\d{1,4}(?:\.\d{1,4}){2,4}(?![\w]|\.\d)(?<!\.\d{4})"), _version),
    (re.compile(rf"{_COUNTRY}{_AREA}\d{{3}}[ .-]\d{{4}}(?:-\d{{1,4}})?{_END}"), _phone),
    (re.compile(rf"{_START}1-8\d\d(?:-[A-Z0-9]{{1,10}}){{1,4}}{_END}"), _vanity),
    (re.compile(rf"(?<![\w.])\+\d{{1,3}}(?:[ -]\(?\d{{2,5}}\)?){{2,5}}{_END}"), _phone),
    (re.compile(rf"{_START}(?:\(0[1-9]\d{{1,3}}\)|0[1-9]\d{{1,3}})[ -]\d{{3,6}}(?:[ -]\d{{3,4}})?{_END}"), _phone),
    (re.compile(rf"{_START}\d{{4}}([ -])\d{{4}}\1\d{{4}}\1\d{{4}}{_END}"), _phone),
    (re.compile(rf"{_START}\d{{3}}-(?:\d{{2}}-)?\d{{4}}{_END}"), _phone),
    (re.compile(rf"\b({_CODE_WORDS})( is | of |: | )(\d{{3,}})\b(?![,.:%]\d)", re.IGNORECASE), _code),
    (re.compile(rf"{_START}\d{{1,8}}(?:-\d{{1,8}}){{2,6}}(?:-X)?{_END}"), _groups),
    (re.compile(r"\b((?:[Cc]all|[Dd]ial)(?:s|ed|ing)? )(911|999|112|411|311|988|000)\b(?![-,.:]\d)"), _emergency),
    (re.compile(r"\b()(911)(?= calls?\b| operators?\b)"), _emergency),
    (re.compile(r"\b([Rr]oom|[Ff]light|[Aa]partment|[Ss]uite|[Ii]nterstate) (\d{3})\b(?![-,.:]\d)"), _room),
]

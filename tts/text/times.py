"""Times of the day: "6:08 am" is "six oh eight AM", "17:35" is "seventeen thirty five", "9:00" is "nine o'clock"."""

import re

from tts.text.numbers import cardinal
from tts.text.rules import Match, Rule, apply_rules
from tts.text.split import closing_dot

_HALF = r"(?:[AaPp]\.\s?[Mm]\.?|[AaPp][Mm])(?![A-Za-z])"
_ZONE = r"(?:[EeCcMmPp]\.?[SsDd]?\.?[Tt]|[Gg][Mm][Tt]|[Uu][Tt][Cc]|[Bb][Ss][Tt]|[Cc][Ee][Ss]?[Tt])(?![A-Za-z])"
_START = r"(?<![\w.:$£€])"
_CLOCK = rf"{_START}(\d{{1,2}})[:.](\d{{2}})\s?({_HALF})(?:(\s)({_ZONE}))?"
_RANGE = re.compile(rf"(\d|{_HALF})\s?(?:-|—)\s?(?=\d{{1,2}}(?::\d{{2}})?\s?{_HALF}|\d{{1,2}}:\d{{2}}(?!\d))")
_IS_TIME_BEFORE = re.compile(rf"(?:\d:\d{{2}}\s?|\b\d{{1,2}}\s?)(?:{_HALF})?$")


def speak_times(text: str) -> str:
    """Read times of the day, with AM or PM, seconds or a zone, and ranges of them."""
    return apply_rules(_RULES, text)


def _range(match: Match) -> str:
    before = match.string[max(0, match.start() - 12) : match.end(1)]
    return match.group(1) + " to " if _IS_TIME_BEFORE.search(before) else match.group()


def _half(text: str) -> str:
    return text[0].upper() + "M"


def _clock(match: Match) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    if hour > 24 or minute > 59:
        return match.group()
    zone = f" {match.group(5).replace('.', '').upper()}" if match.group(5) else ""
    return f"{_hour_minute(hour, minute)} {_half(match.group(3))}{zone}{closing_dot(match)}"


def _hour_minute(hour: int, minute: int) -> str:
    if not minute:
        return cardinal(hour)
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def _full_hour(match: Match) -> str:
    if int(match.group(1)) > 24:
        return match.group()
    return f"{cardinal(int(match.group(1)))} {_half(match.group(2))}{closing_dot(match)}"


def _seconds(match: Match) -> str:
    hour, minute, second = (int(match.group(i)) for i in (1, 2, 3))
    if hour > 24 or minute > 59 or second > 59:
        return match.group()
    half = f" {_half(match.group(4))}{closing_dot(match)}" if match.group(4) else ""
    zone = " UTC" if match.group(5) else ""
    return f"{_count(hour, 'hour')} {_count(minute, 'minute')} and {_count(second, 'second')}{half}{zone}"


def _count(number: int, unit: str) -> str:
    return f"{cardinal(number)} {unit}{'' if number == 1 else 's'}"


def _day_time(match: Match) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    if hour > 24 or minute > 59:
        return match.group()
    if minute:
        return _hour_minute(hour, minute)
    return f"{cardinal(hour)} o'clock" if 0 < hour < 13 else f"{cardinal(hour)} hundred"


def _verses(match: Match) -> str:
    return " to ".join([match.group(1).replace(":", " ").replace(" 0", " oh "), match.group(2)])


_RULES: list[Rule] = [
    (re.compile(rf"{_START}(\d{{1,3}}:\d{{1,3}})-(\d{{1,3}})(?![\d:]|\s?{_HALF})"), _verses),
    (_RANGE, _range),
    (re.compile(rf"{_START}(\d{{1,2}}):(\d{{2}}):(\d{{2}})(?:\s?({_HALF}))?(Z(?!\w))?(?![\d:])"), _seconds),
    (re.compile(_CLOCK), _clock),
    (re.compile(rf"{_START}(\d{{1,2}})\s?({_HALF})"), _full_hour),
    (re.compile(rf"(?<=\d to )({_HALF})"), lambda m: _half(m.group())),
    (re.compile(rf"{_START}(\d{{1,2}}):(\d{{2}})(?:\s?[Hh](?![A-Za-z]))?(?![\d:])(?!\.\d)"), _day_time),
]

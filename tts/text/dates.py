"""Dates: "March 8, 1931" is "March eighth, nineteen thirty one", "8 March" is "the eighth of March".

Numbers alone are read the American way, month first, unless the first is over 12 or they are parted by dots.
"""

import re

from tts.text.numbers import cardinal, decade, ordinal, year
from tts.text.rules import Match, Rule, apply_rules, words
from tts.text.split import closing_dot

MONTHS = words("January February March April May June July August September October November December")
_NUMBERS = {name[:3].lower(): number for number, name in enumerate(MONTHS)} | {"sept": 8}
_NAMES = "|".join(name if len(name) < 4 else f"{name[:3]}(?:{name[3:]})?" for name in MONTHS)
_NAMES = _NAMES.replace("(?:tember)", "(?:tember|t)")
_MONTH = rf"\b((?:{_NAMES})(?![a-z])\.?)"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?(?![\d:%/]|[.,]\d)(?![a-z])"
_YEAR = r"(\d{4})(?![\d:%]|[.,]\d)"
_YEARS = "((?:1[0-9]|20)\\d\\d)"
_WEEKDAYS = {
    "mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "thur": "Thursday",
    "thurs": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip


def speak_dates(text: str) -> str:
    """Read dates, decades, quarters and short names of months and weekdays."""
    return apply_rules(_RULES, text)


def _name(month: str) -> str:
    return MONTHS[_NUMBERS[month.lower().rstrip(".")[:3]]]


def _is_verb(month: str, certain: bool) -> bool:
    """Whether "may" or "march" in lower case is the verb: only a year makes it a month."""
    return month in ("may", "march", "mar", "dec", "jan") and not certain


def _month_day(match: Match) -> str:
    month, day, following = match.group(1), int(match.group(2)), match.group(3)
    if not 1 <= day <= 31 or _is_verb(month, following is not None):
        return match.group()
    comma = "," if "," in match.group()[match.end(2) - match.start() :] else ""
    return f"{_name(month)} {ordinal(day)}" + (f"{comma} {year(int(following))}" if following else "")


def _day_month(match: Match) -> str:
    day, month, following = int(match.group(1)), match.group(2), match.group(3)
    is_ordinal = not match.group()[match.end(1) - match.start() :][:1].isspace()
    if not 1 <= day <= 31 or _is_verb(month, is_ordinal or following is not None):
        return match.group()
    said = f"the {ordinal(day)} of {_name(month)}"
    if following:
        comma = "," if "," in match.group()[match.end(2) - match.start() :] else ""
        return f"{said}{comma} {year(int(following))}"
    return said + closing_dot(match)


def _month_year(match: Match) -> str:
    if _is_verb(match.group(1), True):
        return match.group()
    return f"{_name(match.group(1))}{match.group(2)} {year(int(match.group(3)))}"


def _iso(match: Match) -> str:
    return _date(int(match.group(2)), int(match.group(3)), match.group(1)) + " " * match.group().endswith("T") or match.group()


def _slashed(match: Match) -> str:
    first, second = int(match.group(1)), int(match.group(2))
    month, day = (first, second) if first <= 12 else (second, first)
    return _date(month, day, match.group(3)) or match.group()


def _dotted(match: Match) -> str:
    day, month = int(match.group(1)), int(match.group(2))
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match.group()
    return f"the {ordinal(day)} of {MONTHS[month - 1]} {year(int(match.group(3)))}"


def _date(month: int, day: int, years: str) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    return f"{MONTHS[month - 1]} {ordinal(day)} {_short_year(years)}"


def _short_year(years: str) -> str:
    return f"oh {cardinal(int(years))}" if len(years) == 2 and years[0] == "0" else year(int(years))


def _decades(match: Match) -> str:
    return f"{decade(match.group(1))} to {decade(match.group(2))}"


def _quarter(match: Match) -> str:
    quarter, years = match.group(1) or match.group(3), match.group(2) or match.group(4)
    return f"the {ordinal(int(quarter))} quarter of {year(int(years))}"


def _years(match: Match) -> str:
    return f"{year(int(match.group(1)))} to {year(int(match.group(2)))}"


def _weekday(match: Match) -> str:
    return _WEEKDAYS[match.group(1).lower()] + closing_dot(match)


def _weekdays(match: Match) -> str:
    return f"{_WEEKDAYS[match.group(1).lower()]} to {_WEEKDAYS[match.group(2).lower()]}"


def _month_name(match: Match) -> str:
    return _name(match.group(1)) + closing_dot(match)


def _month_days(match: Match) -> str:
    month, first, last = match.group(1), int(match.group(2)), int(match.group(3))
    if not 1 <= first < last <= 31:
        return match.group()
    return f"{_name(month)} {ordinal(first)} to {ordinal(last)}"


def _days_month(match: Match) -> str:
    first, last = int(match.group(1)), int(match.group(2))
    if not 1 <= first < last <= 31 or _is_verb(match.group(3), False):
        return match.group()
    return f"the {ordinal(first)} to {ordinal(last)} of {_name(match.group(3))}{closing_dot(match)}"


_RULES: list[Rule] = [
    (re.compile(r"(?<![\w.-])(\d{4})-(\d{2})-(\d{2})(?:T(?=\d)|(?![\w-]))"), _iso),
    (re.compile(r"(?<![\w./-])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])"), _slashed),
    (re.compile(r"(?<![\w./-])(\d{1,2})-(\d{1,2})-(\d{4})(?![\w-])"), _slashed),
    (re.compile(r"(?<![\w./-])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\w])"), _dotted),
    (re.compile(rf"{_MONTH} (\d{{1,2}})\s?-\s?{_DAY}"), _month_days),
    (re.compile(rf"(?:\bthe )?(?<![\w.,:/-])(\d{{1,2}})\s?-\s?(\d{{1,2}}) {_MONTH}"), _days_month),
    (re.compile(rf"{_MONTH}[ -]{_DAY}(?:(?:,? |-){_YEAR})?", re.IGNORECASE), _month_day),
    (re.compile(rf"(?:\bthe )?(?<![\w.,:/-]){_DAY}(?: of)?[ -]{_MONTH}(?:(?:,? |-){_YEAR})?", re.IGNORECASE), _day_month),
    (re.compile(rf"{_MONTH}(,?) {_YEAR}", re.IGNORECASE), _month_year),
    (re.compile(r"(?<![\w.])'?(\d{3}0|[1-9]0)'?s\s?-\s?'?(\d{3}0|[1-9]0)'?s(?![\w'])"), _decades),
    (re.compile(r"(?<![\w.,'-])'?(1\d\d0|20\d0|[2-9]0)(?:'?s)(?![\w'])"), lambda m: decade(m.group(1))),
    (re.compile(r"(?<=[A-Za-z]-)'?(\d{1,4})'?s(?![\w'])"), lambda m: decade(m.group(1))),
    (re.compile(r"(?<!\w)(?:([1-4])Q[ ']?(\d{4}|\d{2})|Q([1-4])[ ']{1,2}(\d{4}|\d{2}))(?![\w%])"), _quarter),
    (re.compile(rf"(?<![\w.,$£€-]){_YEARS}\s?-\s?{_YEARS}(?![\w-])"), _years),
    (re.compile(rf"(?<![\w.,$£€-]){_YEARS}[-/](\d\d)(?![\w-]|[.,:]\d)"), _years),
    (re.compile(r"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?-(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b"), _weekdays),
    (re.compile(rf"\b({'|'.join(_WEEKDAYS)})\.(?=,| \d| [a-z]|-| (?:{_NAMES})\b)", re.IGNORECASE), _weekday),
    (re.compile(r"\b(Mon|Tues|Thurs?|Fri)\.(?= [A-Z])"), _weekday),
    (re.compile(r"(?<![\w'])'(\d\d)(?![\w'\"])"), lambda m: _short_year(m.group(1))),
    (re.compile(r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.(?![\w])"), _month_name),
]

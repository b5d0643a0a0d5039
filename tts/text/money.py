"""Money: "$4.75" is "four dollars seventy five cents", "$2.6 trillion" is "two point six trillion dollars"."""

import re

from tts.text.numbers import NUMBER, cardinal, is_one, say_number
from tts.text.rules import Match, Rule, any_of, apply_rules

# one, many, one hundredth, many hundredths
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_NATIONS = {
    "US": "US", "CA": "Canadian", "C": "Canadian", "AU": "Australian", "A": "Australian", "NZ": "New Zealand", "HK": "Hong Kong",
}  # fmt: skip
_CODES = {
    "USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "KRW": "₩", "INR": "₹", "Rs.": "₹", "Rs": "₹",
}  # fmt: skip
SCALES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million", "mil": "million",
    "b": "billion", "B": "billion", "bn": "billion", "t": "trillion", "T": "trillion", "tn": "trillion",
}  # fmt: skip
PERIODS = {
    "mo": "month", "month": "month", "wk": "week", "week": "week", "d": "day", "day": "day", "h": "hour", "hr": "hour",
    "hour": "hour", "yr": "year", "y": "year", "year": "year", "min": "minute", "s": "second", "sec": "second", "lb": "pound",
    "kg": "kilogram", "g": "gram", "oz": "ounce", "gal": "gallon", "l": "liter", "L": "liter", "mi": "mile", "km": "kilometer",
    "night": "night", "person": "person", "pp": "person", "each": "each", "ea": "each", "user": "user", "ft": "foot",
    "GB": "gigabyte", "kWh": "kilowatt hour", "barrel": "barrel", "ton": "ton", "share": "share", "unit": "unit",
}  # fmt: skip
_SCALE = rf"(?:\s?(hundred|thousand|million|billion|trillion)\b|\s?(mn|bn|tn|mil)\b|({any_of(SCALES)})(?![\w]))"
_AMOUNT = rf"({NUMBER}|\.\d++)"
_SIGN = rf"(?:\b({any_of(_NATIONS)}))?([{''.join(_CURRENCIES)}])\s?"
_PER = rf"(?:\s?/\s?({any_of(PERIODS)})(?![\w]))?"


def speak_money(text: str) -> str:
    """Read amounts of money, ranges of them and prices per unit."""
    return apply_rules(_RULES, text)


def _say(amount: str, scale: str, sign: str, nation: str = "") -> str:
    one, many, cent, cents = _CURRENCIES[sign]
    nation = nation + " " if nation else ""
    whole, _, fraction = amount.replace(",", "").partition(".")
    hundredths = fraction.rstrip("0").ljust(2, "0")
    if scale:
        trimmed = amount.rstrip(".")
        return f"{say_number(trimmed)} {SCALES.get(scale, scale)} {nation}{many}"
    if len(hundredths) > 2:
        return f"{say_number(amount)} {nation}{many}"
    main, rest = int(whole or 0), int(hundredths)
    said_rest = f"{cardinal(rest)} {cent if rest == 1 else cents}"
    if rest and not main:
        return said_rest
    said = f"{say_number(str(main))} {nation}{one if main == 1 else many}"
    return f"{said} {said_rest}" if rest else said


def _amount(match: Match) -> str:
    minus, nation, sign, amount, word, short, letter, per = match.groups()
    said = _say(amount, word or short or letter or "", sign, _NATIONS.get(nation, ""))
    if _is_adjective(match) and not per and "." not in amount:
        said = said.removesuffix("s") if sign in "$₹" else said
    return ("minus " if minus else "") + said + _per(per)


def _is_adjective(match: Match) -> bool:
    """Recognise "a $20 bill": the amount stands before the noun that it describes."""
    before = match.string[max(0, match.start() - 3) : match.start()].lower()
    return before.lstrip().split(" ")[0] in ("a", "an") and bool(re.match(r"[ -][a-z]{3}", match.string[match.end() :][:4]))


def _per(unit: str | None) -> str:
    return "" if not unit else " each" if PERIODS[unit] == "each" else f" per {PERIODS[unit]}"


def _range(match: Match) -> str:
    nation, sign, first, last, word, short, letter, per = match.groups()
    scale = word or short or letter or ""
    said = _say(last, scale, sign, _NATIONS.get(nation, ""))
    return f"{say_number(first)} to {said}{_per(per)}"


def _after(match: Match) -> str:
    amount, sign = match.groups()
    return _say(amount, "", sign)


def _code_before(match: Match) -> str:
    code, amount, word, short, letter = match.groups()
    return _say(amount, word or short or letter or "", _CODES[code])


def _code_after(match: Match) -> str:
    amount, word, short, letter, code = match.groups()
    return _say(amount, word or short or letter or "", _CODES[code])


def _cents(match: Match) -> str:
    return f"{say_number(match.group(1))} {'cent' if is_one(match.group(1)) else 'cents'}"


_BEFORE_SIGN = rf"[{''.join(_CURRENCIES)}]"
_WORDED = rf"(?:\s?(?:{any_of([*SCALES, *SCALES.values()])}))?"
_RULES: list[Rule] = [
    (re.compile(r"(?<!\w)~\s?(?=[$£€]?\d)"), lambda m: "about "),
    (re.compile(rf"({_BEFORE_SIGN}{_AMOUNT}{_WORDED})\s?(?:-|—)\s?(?={_BEFORE_SIGN}\d)"), lambda m: m.group(1) + " to "),
    (re.compile(rf"{_SIGN}({NUMBER})-({NUMBER}){_SCALE}?{_PER}(?![\w-])"), _range),
    (re.compile(rf"(?:(?<![\w)])(-)\s?)?{_SIGN}{_AMOUNT}{_SCALE}?(?!\d){_PER}"), _amount),
    (re.compile(rf"(?<![\w.,])({NUMBER})\s?¢"), _cents),
    (re.compile(rf"(?<![\w.,])({NUMBER})\s?({_BEFORE_SIGN})(?!\d)"), _after),
    (re.compile(rf"\b(USD|GBP|EUR|JPY|KRW|INR|Rs\.?)\s?({NUMBER}){_SCALE}?(?![\w])"), _code_before),
    (re.compile(rf"(?<![\w.,])({NUMBER}){_SCALE}?\s?(USD|GBP|EUR|JPY|KRW|INR)\b"), _code_after),
]

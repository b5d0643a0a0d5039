"""Units after numbers: "5km" is "five kilometers", "20°C" is "twenty degrees Celsius", "3 hrs" is "three hours"."""

import re

from tts.text.numbers import NUMBER_OR_POINT, is_one, say_number
from tts.text.rules import Match, Rule, any_of, apply_rules
from tts.text.split import closing_dot

# What may stand attached to the number or after a space; the plural is the singular with "s" unless given after "|".
_UNITS = {
    "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer", "nm": "nanometer", "m": "meter",
    "mi": "mile", "ft": "foot|feet", "yd": "yard", "yds": "yard", "kg": "kilogram", "kgs": "kilogram", "g": "gram",
    "mg": "milligram",
    "µg": "microgram", "mcg": "microgram", "lb": "pound", "lbs": "pound", "oz": "ounce", "l": "liter", "L": "liter",
    "ml": "milliliter", "mL": "milliliter", "cl": "centiliter", "dl": "deciliter", "gal": "gallon", "pt": "pint", "qt": "quart",
    "tbsp": "tablespoon", "tsp": "teaspoon", "ha": "hectare", "hr": "hour", "hrs": "hour", "h": "hour", "min": "minute",
    "mins": "minute", "sec": "second", "secs": "second", "ms": "millisecond", "µs": "microsecond", "ns": "nanosecond",
    "yr": "year", "yrs": "year", "wk": "week", "wks": "week", "mo": "month", "mos": "month",
    "mph": "mile per hour|miles per hour", "kph": "kilometer per hour|kilometers per hour",
    "kmh": "kilometer per hour|kilometers per hour", "fps": "frame per second|frames per second",
    "rpm": "revolution per minute|revolutions per minute", "bpm": "beat per minute|beats per minute",
    "psi": "pound per square inch|pounds per square inch", "mpg": "mile per gallon|miles per gallon",
    "bps": "bit per second|bits per second", "kbps": "kilobit per second|kilobits per second",
    "mbps": "megabit per second|megabits per second", "gbps": "gigabit per second|gigabits per second",
    "Kbps": "kilobit per second|kilobits per second", "Mbps": "megabit per second|megabits per second",
    "Gbps": "gigabit per second|gigabits per second", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte",
    "TB": "terabyte", "PB": "petabyte", "kb": "kilobit", "Mb": "megabit", "Gb": "gigabit", "Hz": "hertz|hertz",
    "kHz": "kilohertz|kilohertz", "MHz": "megahertz|megahertz", "GHz": "gigahertz|gigahertz", "kW": "kilowatt",
    "MW": "megawatt", "GW": "gigawatt", "mW": "milliwatt", "kWh": "kilowatt hour", "Wh": "watt hour", "mAh": "milliamp hour",
    "mA": "milliamp", "kV": "kilovolt", "mV": "millivolt", "kJ": "kilojoule", "kcal": "kilocalorie", "cal": "calorie",
    "Pa": "pascal", "hPa": "hectopascal", "kPa": "kilopascal", "dB": "decibel", "hp": "horsepower|horsepower",
    "cc": "cubic centimeter", "sq ft": "square foot|square feet", "sq. ft": "square foot|square feet",
    "sq m": "square meter", "sq km": "square kilometer", "sq mi": "square mile", "cu ft": "cubic foot|cubic feet",
    "px": "pixel", "dpi": "dot per inch|dots per inch", "pct": "percent|percent", "mol": "mole", "fl oz": "fluid ounce",
}  # fmt: skip
# What must be attached, because after a space it is a word or a name.
_ATTACHED = {
    "in": "inch|inches", "W": "watt", "V": "volt", "s": "second", "t": "ton", "ly": "light year",
}  # fmt: skip
_PER = {
    "h": "hour", "hr": "hour", "s": "second", "sec": "second", "min": "minute", "d": "day", "day": "day", "wk": "week",
    "week": "week",
    "mo": "month", "month": "month", "yr": "year", "year": "year", "l": "liter", "L": "liter", "ml": "milliliter",
    "dl": "deciliter", "dL": "deciliter", "kg": "kilogram", "g": "gram", "m": "meter", "km": "kilometer", "cm": "centimeter",
    "mi": "mile", "ft": "foot", "lb": "pound", "gal": "gallon", "in": "inch",
}  # fmt: skip
_POWERS = {"2": "square", "3": "cubic"}
_LENGTHS = "km|cm|mm|m|ft|mi|yd|in"
_SCALES = {"C": "Celsius", "F": "Fahrenheit", "K": "Kelvin"}
_FROM = rf"(?<![\w.,])(?:({NUMBER_OR_POINT})\s?(-|x|×|\+|to)\s?)?"
_VALUE = rf"{_FROM}({NUMBER_OR_POINT})"
_BETWEEN = {"-": "to", "x": "by", "×": "by", "+": "plus", "to": "to"}
_POWER = r"\^?([23])"
_UNIT = rf"(?:({_LENGTHS}){_POWER}|({any_of(_UNITS)}))"
_END = rf"(?:/({any_of(_PER)})(?:{_POWER})?)?(?![\w°^])"
_NO_WORD_AFTER = r"(?!['’]\w)"


def speak_units(text: str) -> str:
    """Read units after numbers, temperatures, heights, and ranges and products of measures."""
    return apply_rules(_RULES, text)


def _measure(match: Match) -> str:
    first, between, value, gap, length, power, unit, per, per_power = match.groups()
    names = _names(length or unit)
    one, many = names if not power else [f"{_POWERS[power]} {name}" for name in names]
    is_singular = not first and (is_one(value) or gap == "-")
    said = f"{say_number(value)} {one if is_singular else many}"
    if per:
        said += f" per {_POWERS[per_power] + ' ' if per_power else ''}{_PER[per]}"
    return _first(first, between) + said


def _names(unit: str) -> list[str]:
    one, _, many = (_UNITS.get(unit) or _ATTACHED[unit]).partition("|")
    return [one, many or one + "s"]


def _first(first: str | None, between: str | None) -> str:
    return f"{say_number(first)} {_BETWEEN[between]} " if first and between else ""


def _attached(match: Match) -> str:
    first, between, value, unit = match.groups()
    one, many = _names(unit)
    return f"{_first(first, between)}{say_number(value)} {one if is_one(value) else many}"


def _degrees(match: Match) -> str:
    first, between, minus, value, scale = match.groups()
    degrees = "degree" if is_one(value) and not first else "degrees"
    said = f"{_first(first, between)}{'minus ' if minus else ''}{say_number(value)} {degrees}"
    return f"{said} {_SCALES[scale.upper()]}" if scale else said


def _height(match: Match) -> str:
    return f"{say_number(match.group(1))} foot {say_number(match.group(2))}"


def _abbreviated(match: Match) -> str:
    one, many = _names(match.group(2))
    return f"{match.group(1)} {one if is_one(match.group(1)) else many}{closing_dot(match)}"


def _fraction(match: Match) -> str:
    whole, fraction, unit = match.groups()
    one, many = _names(unit)
    return f"{whole or ''}{fraction} {many if whole else one}"


_RULES: list[Rule] = [
    (re.compile(rf"(?<![\w.,/])(\d{{1,4}} )?(\d{{1,3}}/\d{{1,3}})\s?({any_of(_UNITS)})(?![\w°^/])"), _fraction),
    (re.compile(r"(?<![\w.,'])(\d)'\s?(\d{1,2})(?:\"|'')(?!\w)"), _height),
    (re.compile(rf"{_FROM}(?:(?<![\w.,)])(-))?({NUMBER_OR_POINT})\s?°\s?([CFK](?!\w))?"), _degrees),
    (re.compile(r"(?<![\w.,])(\d[\d,.]*)\s?(hrs?|mins?|secs?|lbs?|oz|ft|yds?|yrs?|mi|in|gal|tbsp|tsp)\.(?![\w])"), _abbreviated),
    (re.compile(rf"{_VALUE}(\s|-)?{_UNIT}{_END}{_NO_WORD_AFTER}"), _measure),
    (re.compile(rf"{_VALUE}({any_of(_ATTACHED)})(?![\w°^'])"), _attached),
]

"""American postal addresses: house numbers in pairs, street words in full, states before a ZIP code, the ZIP by digits."""

import re

from tts.text.abbreviations import STREETS
from tts.text.numbers import digits, pairs, say_number
from tts.text.rules import Match, Rule, any_of, apply_rules
from tts.text.split import closing_dot

_DIRECTIONS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
    "SW": "Southwest",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut",
    "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan",
    "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming", "DC": "D.C.",
}  # fmt: skip
_STREET_NAMES = {**STREETS, **{name: name for name in STREETS.values()}}
_BY_NAME = {name.lower(): full for name, full in _STREET_NAMES.items()}
_STREET = re.compile(
    rf"(?<![\w.,$-])(\d{{1,5}}) ((?:{any_of(_DIRECTIONS)})\.? )?((?:(?:[A-Z][\w']*|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?)"
    rf"({any_of([*_STREET_NAMES, *_BY_NAME])})(?!\w)(\.(?!\w))?"
)
_ZIP = re.compile(rf",? ({any_of(_STATES)}),? (\d{{5}})(?:-(\d{{4}}))?(?![\w-])")


def speak_addresses(text: str) -> str:
    """Read house number and street, state and ZIP code."""
    return apply_rules(_RULES, text)


def _street(match: Match) -> str:
    number, direction, name, street, _ = match.groups()
    said = pairs(int(number)) if len(number) in (3, 4) and number[0] != "0" else say_number(number)
    direction = _DIRECTIONS[direction.strip(" .")] + " " if direction else ""
    return f"{said} {direction}{name}{_BY_NAME[street.lower()]}{closing_dot(match)}"


def _zip(match: Match) -> str:
    state, first, rest = match.groups()
    return f", {_STATES[state]}, {digits(first)}" + (f", {digits(rest)}" if rest else "")


_RULES: list[Rule] = [(_STREET, _street), (_ZIP, _zip)]

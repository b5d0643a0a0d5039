"""How words are said: the names that a request and the markup may set, and the numbers that they take.

Along a direction the unit is one standard deviation of what the words of the voice's own recordings do; sigma is a factor of the
standard deviation of the voice's density.
"""

import re
from difflib import get_close_matches

from tts.errors import InputError

DIRECTIONS = ("pitch", "energy", "brightness", "rate")
SIGMA = "sigma"
MANNERS = (*DIRECTIONS, SIGMA)
MAX_DOSE = 3.0  # units, both ways
MAX_SIGMA = 3.0

_SETTING = re.compile(r"\s*([^\s=,;]+)\s*=\s*([^\s=,;]*)\s*[,;]?")


def limits_of(name: str) -> tuple[float, float]:
    """The least and the most that a name takes."""
    return (0.0, MAX_SIGMA) if name == SIGMA else (-MAX_DOSE, MAX_DOSE)


def check_name(name: str, known: tuple[str, ...] = MANNERS) -> str:
    """A name if it is one of those known.

    Raises:
        InputError: it is none; the nearest is suggested.
    """
    if name not in known:
        near = get_close_matches(name.lower(), known, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"unknown name {name!r}: {hint}take one of {', '.join(known)}")
    return name


def check_value(name: str, value: float) -> float:
    """A value if its name takes it.

    Raises:
        InputError: it is out of range, or no number.
    """
    low, high = limits_of(name)
    if not low <= value <= high:  # nan too
        raise InputError(f"{name} = {value:g}: out of range; take {low:g} to {high:g}")
    return value


def check_doses(doses: dict[str, float]) -> dict[str, float]:
    """Doses along directions if all are right.

    Raises:
        InputError: an unknown name, or a dose out of range.
    """
    return {check_name(name, DIRECTIONS): check_value(name, dose) for name, dose in doses.items()}


def parse_setting(text: str, known: tuple[str, ...] = MANNERS) -> tuple[str, float]:
    """Read `name=number`.

    Raises:
        InputError: it is not of that form, or its name or its number is none of ours.
    """
    match = _SETTING.fullmatch(text)
    if match is None:
        raise InputError(f"{text.strip()!r} sets nothing: write name=number, such as {known[0]}=1.5")
    name = check_name(match.group(1), known)
    try:
        value = float(match.group(2))
    except ValueError:
        low, high = limits_of(name)
        raise InputError(f"{name} = {match.group(2)!r}: no number; take {low:g} to {high:g}") from None
    return name, check_value(name, value)


def parse_manner(text: str, shown: str) -> dict[str, float]:
    """Read what stands in the braces of `[some words]{pitch=+2 energy=1}`: settings with spaces or commas between them.

    Args:
        text: within the braces.
        shown: the markup, for messages.

    Raises:
        InputError: it sets nothing, a name twice, or what cannot be set.
    """
    settings = _SETTING.findall(text)
    manner: dict[str, float] = {}
    try:
        if not settings or _SETTING.sub("", text).strip():
            raise InputError("write name=number, such as {pitch=1.5 energy=1}")
        for name, value in settings:
            if name in manner:
                raise InputError(f"{name} is set twice")
            manner |= [parse_setting(f"{name}={value}")]
    except InputError as error:
        raise InputError(f"{shown}: {error}") from None
    return manner

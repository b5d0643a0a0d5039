"""Markup in the user's text: `[pause:0.5]` and `[word](/ipa/)`; everything else is plain text."""

import re
from dataclasses import dataclass

from tts.errors import InputError
from tts.text.pronunciation import LINK, to_misaki

MAX_PAUSE_SECONDS = 30.0

_PAUSE = re.compile(r"\[pause:([^\[\]\n]{0,40})\]", re.IGNORECASE)
_SECONDS = re.compile(r"\s*(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*s?\s*")


@dataclass(frozen=True)
class Speech:
    """Text to speak; inline pronunciations are still in it."""

    text: str


@dataclass(frozen=True)
class Pause:
    """Silence."""

    seconds: float


Piece = Speech | Pause


def parse_markup(text: str) -> list[Piece]:
    """Cut a text at its pause marks and check its inline pronunciations.

    Raises:
        InputError: a pause is no number from 0 to 30 seconds, or a pronunciation is no IPA.
    """
    for link in LINK.finditer(text):
        to_misaki(link.group(2))
    pieces: list[Piece] = []
    end = 0
    for mark in _PAUSE.finditer(text):
        if text[end : mark.start()].strip():
            pieces.append(Speech(text[end : mark.start()]))
        pieces.append(Pause(_seconds(mark.group(1))))
        end = mark.end()
    if text[end:].strip() or not pieces:
        pieces.append(Speech(text[end:]))
    return pieces


def _seconds(value: str) -> float:
    number = _SECONDS.fullmatch(value)
    if number is None or float(number.group(1)) > MAX_PAUSE_SECONDS:
        raise InputError(f"[pause:{value}] is no pause: write seconds from 0 to {MAX_PAUSE_SECONDS:g}, such as [pause:0.5]")
    return float(number.group(1))

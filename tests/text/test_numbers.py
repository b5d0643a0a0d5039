"""Numbers in words."""

import pytest

from tts.text.numbers import cardinal, decade, digits, ordinal, say_number, year


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (110, "one hundred ten"),
        (1001, "one thousand one"),
        (2_500_000, "two million five hundred thousand"),
        (-7, "minus seven"),
        (10**33, "one decillion"),
    ],
)
def test_cardinals(number, words):
    assert cardinal(number) == words


def test_every_cardinal_below_a_million_is_its_own():
    sample = range(0, 1_000_000, 97)
    assert len({cardinal(n) for n in sample}) == len(sample)


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "first"), (2, "second"), (3, "third"), (5, "fifth"), (8, "eighth"), (9, "ninth"), (12, "twelfth"), (20, "twentieth"),
     (42, "forty second"), (100, "one hundredth"), (0, "zeroth")],
)  # fmt: skip
def test_ordinals(number, words):
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1776, "seventeen seventy six"), (1900, "nineteen hundred"), (1905, "nineteen oh five"), (2000, "two thousand"),
     (2007, "two thousand seven"), (2031, "twenty thirty one"), (800, "eight hundred")],
)  # fmt: skip
def test_years(number, words):
    assert year(number) == words


def test_decades():
    spoken = ["nineteen twenties", "sixties", "eighteen hundreds", "twenty tens"]
    assert [decade(d) for d in ("1920", "60", "1800", "2010")] == spoken


@pytest.mark.parametrize(
    ("text", "words"),
    [("1,024", "one thousand twenty four"), ("3.14", "three point one four"), (".75", "point seven five"),
     ("0042", "zero zero four two"),
     ("5000000000000", "five trillion"), ("5123456789012", digits("5123456789012")),
     ("9" * 40, digits("9" * 40)), ("7.", "seven")],
)  # fmt: skip
def test_written_numbers(text, words):
    assert say_number(text) == words

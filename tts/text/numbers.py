"""Numbers in words: cardinals, ordinals, years, decimals and digits, American, without "and" and without hyphens.

"twenty four" and not "twenty-four", because the voice learns them as two words. Written here and not taken from a library:
the one for this (inflect) takes longer to import than all the rest of the program.
"""

from tts.text.rules import words

_SMALL = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = words("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = words("_ thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
MAX_DIGITS = 36  # what the scales reach
MAX_PLAIN_DIGITS = 12  # longer ones without commas are codes, unless they are round
NUMBER = r"(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d++)?"  # as people write it, with commas or without
NUMBER_OR_POINT = rf"(?:{NUMBER}|(?<![\w.])\.\d++)"


def cardinal(number: int) -> str:
    """A whole number of at most 36 digits in words: 121 is "one hundred twenty one"."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number == 0:
        return "zero"
    words: list[str] = []
    for scale in range(len(_SCALES) - 1, -1, -1):
        group = number // 1000**scale % 1000
        if group:
            words += _below_thousand(group) + ([_SCALES[scale]] if scale else [])
    return " ".join(words)


def _below_thousand(number: int) -> list[str]:
    words = []
    if number >= 100:
        words += [_SMALL[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(_TENS[number // 10])
        number %= 10
    return words + ([_SMALL[number]] if number else [])


def ordinal(number: int) -> str:
    """A whole number as a rank: 21 is "twenty first"."""
    words = cardinal(number).split()
    last = words[-1]
    words[-1] = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last.removesuffix("t") + "th")
    return " ".join(words)


def digits(text: str) -> str:
    """Every digit of a text by itself; all other characters are left out."""
    return " ".join(_SMALL[int(c)] for c in text if c in "0123456789")


def pairs(number: int) -> str:
    """A number of three or four digits in two halves: 1905 is "nineteen oh five", 123 is "one twenty three"."""
    head, tail = divmod(number, 100)
    if not tail:
        return cardinal(number) if head % 10 == 0 else f"{cardinal(head)} hundred"
    return f"{cardinal(head)} {'oh ' if tail < 10 else ''}{cardinal(tail)}"


def year(number: int) -> str:
    """A year: "nineteen eighty four", "two thousand five", "twenty twelve"."""
    if number < 1000 or number > 9999 or 2000 <= number < 2010:
        return cardinal(number)
    return pairs(number)


def decade(text: str) -> str:
    """A year as a decade: "1980" is "nineteen eighties", "80" is "eighties", "2000" is "two thousands"."""
    words = year(int(text)).split()
    words[-1] = words[-1][:-1] + "ies" if words[-1].endswith("y") else words[-1] + ("es" if words[-1].endswith("x") else "s")
    return " ".join(words)


def say_number(text: str) -> str:
    """A number as it is written (commas, point, any length) in words.

    Codes are read digit by digit: numbers that begin with a zero, and long ones without commas that are not round.
    """
    whole, point, fraction = text.replace(",", "").partition(".")
    is_code = len(whole) > MAX_PLAIN_DIGITS and "," not in text and len(whole.rstrip("0")) > 3
    if is_code or len(whole) > MAX_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {digits(fraction)}".strip() if point and fraction else words


def is_one(text: str) -> bool:
    """Whether a written number takes the singular."""
    return text in ("1", "-1")

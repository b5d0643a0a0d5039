"""Unicode to plain characters."""

import pytest

from tts.text.clean import MAX_EMOJI_IN_A_ROW, clean


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ünïcödé", "Unicode"),
        ("“a” – ‘b’", "\"a\" - 'b'"),
        ("go 🇫🇷", "go , flag F R"),
        ("👍🏽 yes", ", thumbs up,  yes"),
        ("5 µm and 20 ℃", "5 µm and 20 °C"),
        ("x⁻² m³", "x^-2 m^3"),
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("e\u0301" + "\u0301" * 50, "e"),
        ("β and γ", " beta  and  gamma "),
    ],
)
def test_folding(text, plain):
    assert clean(text, {}) == plain


def test_emoji_in_a_row_are_said_once_and_not_without_end():
    assert clean("🎉🎉🎉", {}) == ", party popper"
    assert clean("🎈🎁🎂🎃🎄", {}).count(",") == MAX_EMOJI_IN_A_ROW


def test_what_has_no_letters_is_counted():
    unknown: dict[str, int] = {}
    assert clean("a\u0378\u0378\x00b", unknown) == "ab"
    assert unknown == {"\u0378": 2, "\x00": 1}

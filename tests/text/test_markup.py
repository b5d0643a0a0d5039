"""Pauses and inline pronunciations in the user's text."""

import pytest

from tts.errors import InputError
from tts.text.markup import Pause, Speech, parse_markup


def test_pauses_part_the_text():
    assert parse_markup("One. [pause:0.5] Two.[pause: 2s ]") == [Speech("One. "), Pause(0.5), Speech(" Two."), Pause(2.0)]


def test_plain_text_is_one_piece():
    assert parse_markup("a [b] (c)") == [Speech("a [b] (c)")]


@pytest.mark.parametrize("mark", ["[pause:]", "[pause:soon]", "[pause:-1]", "[pause:31]", "[pause:1e3]"])
def test_wrong_pauses_are_refused_by_name(mark):
    with pytest.raises(InputError, match=r"write seconds from 0 to 30"):
        parse_markup(f"Hello {mark} there")


def test_wrong_pronunciations_are_refused_at_once():
    with pytest.raises(InputError, match="IPA"):
        parse_markup("Hello [there](/123/)")

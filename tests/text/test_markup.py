"""Pauses and inline pronunciations in the user's text."""

import time

import pytest

from tts.errors import InputError
from tts.text.markup import Pause, Span, Speech, parse_markup


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


def test_spans_are_taken_out_of_the_text():
    text = "It is [very]{pitch=+2 energy=1, sigma=.5} good."
    assert parse_markup(text) == [Speech("It is very good.", (Span(6, 10, {"pitch": 2.0, "energy": 1.0, "sigma": 0.5}),))]


def test_spans_hold_phrases_pronunciations_pauses_and_other_spans():
    pieces = parse_markup("[One [two]{rate=1} [pause:1] [no](/noʊ/)]{pitch=1} [three](/θɹiː/){pitch=-1}")
    first, pause, second = pieces
    assert (first.text, pause, second.text) == ("One two ", Pause(1.0), " [no](/noʊ/) [three](/θɹiː/)")
    assert first.spans == (Span(0, 8, {"pitch": 1.0}), Span(4, 7, {"rate": 1.0}))
    assert second.spans == (Span(0, 12, {"pitch": 1.0}), Span(13, 28, {"pitch": -1.0}))


@pytest.mark.parametrize("text", ["[x]", "[a-z]{2}", "[x] {pitch=1}", "{pitch=1}", "[x]{}", "[x](y){z}", "f[0]{see this}"])
def test_other_brackets_stay_what_they_are(text):
    assert parse_markup(text) == [Speech(text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x]{pich=1}", r"\[x\]\{pich=1\}: .*did you mean pitch"),
        ("[x]{pitch=much}", "'much': no number; take -3 to 3"),
        ("[x]{sigma=-1}", "sigma = -1: out of range; take 0 to 3"),
        ("[x]{pitch=nan}", "out of range"),
        ("[x]{pitch}", "write name=number"),
        ("[x]{pitch 1}", "write name=number"),
        ("[x]{pitch=1 pitch=2}", "set twice"),
        ("[x]{pitch=1 go}", "write name=number"),
        ("x]{pitch=1}", r"there is no \[ before it"),
        ("[no](/noʊ/){pitch=7}", "take -3 to 3"),
    ],
)
def test_wrong_manners_are_refused_in_a_line(text, said):
    with pytest.raises(InputError, match=said) as refusal:
        parse_markup(f"Hello {text}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("unit", ["[", "]{pitch", "[a", "[a]{pitch=1} ", "[[a]", "[a](/", "[no](/noʊ/){", "{", "[]{ ="])
def test_marks_are_read_in_linear_time(unit):
    text = unit * (100_000 // len(unit))
    start = time.process_time()
    parse_markup(text)
    assert time.process_time() - start < 2.0

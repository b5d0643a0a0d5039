"""Sentences and chunks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text.split import MAX_CHARACTERS, split_chunks, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Dr. Lee met Mr. J. K. Poe at 5 p.m. today.", ["Dr. Lee met Mr. J. K. Poe at 5 p.m. today."]),
        ("He left at 5 p.m. The shop was shut.", ["He left at 5 p.m.", "The shop was shut."]),
        ('"Stop!" He ran. "Go."', ['"Stop!"', "He ran.", '"Go."']),
        ("It costs 3.50 a day, i.e. nothing.", ["It costs 3.50 a day, i.e. nothing."]),
        ("1. Milk\n\n2. Eggs", ["1. Milk", "2. Eggs"]),
        ("wait... what", ["wait... what"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab A.!?,;—()\" \n'"), max_size=300), st.integers(20, 60))
def test_pieces_join_back_and_are_short(text, limit):
    pieces = list(split_chunks(text, limit))
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= limit for piece in pieces)


def test_long_sentence_is_cut_at_its_clauses():
    text = ", ".join(["and then one more thing happened to us all"] * 12) + "."
    pieces = list(split_chunks(text))
    assert len(pieces) > 1
    assert all(piece.endswith((",", ".")) and len(piece) <= MAX_CHARACTERS for piece in pieces)


def test_inline_pronunciation_is_never_cut():
    text = "word " * 40 + "[tomato](/təmˈɑtO/) " + "word " * 40
    assert sum("[tomato](/təmˈɑtO/)" in piece for piece in split_chunks(text)) == 1

"""English phonemes; words match the tokens' words."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text.phonemize import EnglishPhonemizer
from tts.text.symbols import DEFAULT_SYMBOLS


@pytest.fixture(scope="module")
def english():
    return EnglishPhonemizer()


def test_plain_words(english):
    assert english("Hello there.").phonemes == "həlˈO ðˈɛɹ."


def test_an_utterance_has_a_primary_stress(english):
    assert english("Who?").phonemes == "hˈu?"
    assert english("Up!").phonemes == "ˈʌp!"
    assert english("Who is Anna?").phonemes.startswith("hˌu")


def test_heteronyms_follow_the_sentence(english):
    assert english("I will record a record.").phonemes == "ˌI wɪl ɹəkˈɔɹd ɐ ɹˈɛkəɹd."


def test_initials_are_spelled_and_acronyms_are_said(english):
    assert english("FBI").phonemes == "ˌɛfbˌiˈI"
    assert english("NASA").phonemes == "nˈæsə"
    assert english("in the U.S.").phonemes.endswith("jˌuˈɛs.")


def test_unknown_words_get_a_pronunciation(english):
    phonemes = english("Blorptastic").phonemes
    assert len(phonemes) > 6
    assert all(c in DEFAULT_SYMBOLS or c in "ˈˌ" for c in phonemes)


def test_given_sounds_come_first():
    english = EnglishPhonemizer({"GitHub": "ɡɪthʌb"})
    assert english("GitHub's [tomato](/təmˈɑːtoʊ/)!").phonemes == "ɡɪthʌbz təmˈɑtO!"
    assert [w.text for w in english("GitHub's [big tomato](/bɪɡ təmˈɑːtoʊ/)!").words] == ["GitHub's", "big", "tomato"]


def test_words_carry_their_text_and_sound(english):
    words = english("Well-known facts, e.g. 3 R&D labs.").words
    assert "".join(w.phonemes for w in words)
    assert words[-1].text == "labs"
    assert words[-1].phonemes == "lˈæbz"


def test_long_runs_of_letters_are_cut_and_counted(english):
    phonemes = english("ab" * 150)
    assert phonemes.unknown == {"a": 50, "b": 50}
    assert len(phonemes.words) > 1


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from("aAbBzZ iI.,'’\"-—()!?:;…&/_1é "), max_size=80))
def test_every_phoneme_word_has_its_entry(english, text):
    phonemes = english(text)
    tokens = DEFAULT_SYMBOLS.encode(phonemes.phonemes)
    assert len(phonemes.words) == tokens.n_words
    assert all(word.phonemes for word in phonemes.words)


def test_threads_that_load_it_together_hear_the_same():
    phonemizer = EnglishPhonemizer()
    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(lambda _: phonemizer("A zyxolant read it.").phonemes, range(6)))
    assert len(set(heard)) == 1 and len(heard[0]) > 12

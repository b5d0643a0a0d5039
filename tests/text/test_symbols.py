"""The token inventory: ids that never change, features of stress and place."""

import hashlib

import pytest

from tts.text.symbols import DEFAULT_SYMBOLS, PAUSES, SymbolTable


def test_ids_never_change():
    assert DEFAULT_SYMBOLS.symbols[:13] == tuple("_^$,;:.!?—…()")
    assert len(DEFAULT_SYMBOLS) == 107
    digest = hashlib.sha256("".join(DEFAULT_SYMBOLS.symbols).encode()).hexdigest()
    assert digest[:16] == "f87c39930ce18825"


def test_stress_and_spaces_are_features_of_their_neighbours():
    tokens = DEFAULT_SYMBOLS.encode("həlˈO ðˈɛɹ.")
    letters = [DEFAULT_SYMBOLS.symbols[i] for i in tokens.ids]
    assert letters == ["^", *"həlOðɛɹ", ".", "$"]
    assert tokens.stress.tolist() == [0, 0, 0, 0, 1, 0, 1, 0, 0, 0]
    assert tokens.place.tolist() == [0, 1, 0, 0, 2, 1, 0, 2, 0, 0]
    assert tokens.word_index.tolist() == [-1, 0, 0, 0, 0, 1, 1, 1, -1, -1]
    assert tokens.unknown == {}
    assert all(a.dtype == "int64" for a in (tokens.ids, tokens.stress, tokens.place, tokens.word_index))


def test_one_phone_word_has_place_three():
    assert DEFAULT_SYMBOLS.encode("ɐ kˈæt").place.tolist() == [0, 3, 1, 0, 2, 0]


def test_pause_ends_a_word_and_runs_keep_three():
    tokens = DEFAULT_SYMBOLS.encode("ɐ—ɐ!?!?! ! ɐ")
    assert tokens.word_index.tolist() == [-1, 0, -1, 1, -1, -1, -1, 2, -1]


def test_quotes_are_silent_and_other_characters_are_counted():
    tokens = DEFAULT_SYMBOLS.encode("“ɐ” #_^$ #")
    assert tokens.ids.tolist()[1:-1] == DEFAULT_SYMBOLS.encode("ɐ").ids.tolist()[1:-1]
    assert tokens.unknown == {"#": 2, "_": 1, "^": 1, "$": 1}


def test_dangling_stress_mark_marks_nothing():
    assert DEFAULT_SYMBOLS.encode("ɐˈ ɐˌ.ɐ").stress.tolist() == [0] * 6


def test_empty_string_gives_begin_and_end():
    tokens = DEFAULT_SYMBOLS.encode("")
    assert tokens.ids.tolist() == [1, 2]
    assert tokens.n_words == 0


def test_every_symbol_encodes_to_its_id():
    for index, symbol in enumerate(DEFAULT_SYMBOLS.symbols[3:], start=3):
        assert DEFAULT_SYMBOLS.encode(symbol).ids.tolist() == [1, index, 2]
        assert symbol in DEFAULT_SYMBOLS
    assert all(p in DEFAULT_SYMBOLS for p in PAUSES)


def test_json_round_trip():
    assert SymbolTable.from_json(DEFAULT_SYMBOLS.to_json()) == DEFAULT_SYMBOLS


def test_a_table_without_the_three_silences_is_refused():
    with pytest.raises(ValueError, match="begin with"):
        SymbolTable("abc")

"""The shelf of voices."""

import shutil

import pytest

from tts import InputError
from tts.demo.shelf import Shelf


def test_a_voice_is_opened_once_and_its_card_is_read(shelf):
    assert shelf.names == ["tiny"]
    assert shelf.get("tiny") is shelf.get("tiny")
    assert shelf.card("tiny").startswith("# tiny")


def test_a_voice_that_is_open_already_is_taken_as_it_is(tts):
    assert Shelf({"mine": tts}).get("mine") is tts


def test_a_folder_is_no_name(shelf, tiny_voice, tmp_path):
    shutil.copytree(tiny_voice, tmp_path / "other")
    for name in (str(tiny_voice), str(tmp_path / "other"), "../tiny", "heart", ""):
        with pytest.raises(InputError, match="unknown voice"):
            shelf.get(name)


def test_an_empty_shelf_is_refused():
    with pytest.raises(InputError, match="no voice"):
        Shelf({})

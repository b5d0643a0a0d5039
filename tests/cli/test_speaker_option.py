"""Voices of several speakers on the command line, and over HTTP."""

import json

import pytest

from tts.audio.io import read_mono
from tts.inference.card import make_card
from tts.inference.voices import read_voice_config


@pytest.fixture
def spoken(run, choir_voice, tmp_path):
    """A function that says a word and gives its samples."""

    def call(*arguments):
        assert run("say", "Hello.", "--voice", choir_voice, "--seed", 1, "-o", tmp_path / "x.wav", *arguments).status == 0
        return read_mono(tmp_path / "x.wav")[0].tolist()

    return call


def test_say_speaks_as_whom_it_is_told(spoken):
    first = spoken()
    assert spoken("--speaker", "anna") == first != spoken("--speaker", "bert")


def test_lines_are_spoken_anew_by_another_speaker(run, choir_voice, tmp_path):
    (tmp_path / "lines.txt").write_text("Hello.\n")
    audio = []
    for name in ("anna", "bert"):
        options = ("--lines", "-i", tmp_path / "lines.txt", "-d", tmp_path / "out", "--seed", 1)
        assert run("say", *options, "--voice", choir_voice, "--speaker", name).status == 0
        audio.append((tmp_path / "out" / "0001.wav").read_bytes())
    assert audio[0] != audio[1]


@pytest.mark.parametrize(
    ("voice", "who", "message"),
    [
        ("choir_voice", "carl", "unknown speaker 'carl': voice 'choir' has anna, bert, and speaks by recordings"),
        ("choir_voice", "no/such.wav", "unknown speaker 'no/such.wav': voice 'choir' has anna, bert"),
        ("tiny_voice", "anna", "speaker 'anna': voice 'tiny' has one speaker; leave it out"),
    ],
)
def test_whom_a_voice_has_not_is_refused_in_one_line(run, request, tmp_path, voice, who, message):
    for command in (("say", "Hello.", "--voice"), ("score", tmp_path / "x.wav", "--text", "Hello.", "--voice")):
        result = run(*command, request.getfixturevalue(voice), "--speaker", who)
        assert result.status == 2 and message in result.err and result.err.count("\n") == 1


def test_a_file_that_is_no_recording_is_refused_in_one_line(run, choir_voice, tmp_path):
    (tmp_path / "text.txt").write_text("no sound")
    result = run("say", "Hello.", "--voice", choir_voice, "--speaker", tmp_path / "text.txt")
    assert result.status == 2 and "text.txt: cannot be read as audio" in result.err


def test_voices_and_info_list_the_speakers(run, choir_voice, tiny_voice):
    lines = run("voices", tiny_voice, choir_voice).out.decode().splitlines()
    assert lines == ["tiny\ten-us\tApache-2.0\tNoise for tests.", "choir\ten-us\tApache-2.0\tNoise of two.\tanna, bert"]
    rows = json.loads(run("voices", tiny_voice, choir_voice, "--json").out)
    assert "speakers" not in rows[0] and rows[1]["speakers"] == ["anna", "bert"]
    assert "speakers     anna, bert" in run("info", choir_voice).out.decode()


def test_directions_are_not_learned_of_several_speakers(run, choir_voice, tmp_path):
    result = run("steer", tmp_path, choir_voice, "-o", tmp_path / "x.safetensors")
    assert result.status == 2 and "voice 'choir' has several speakers, and directions are of one" in result.err


def test_the_card_names_the_speakers_and_their_consent(choir_voice):
    card = make_card(read_voice_config(choir_voice))
    assert "- anna\n- bert\n" in card and "cloning a person's voice needs that\nperson's consent" in card
    assert "--speaker recording.wav" in card

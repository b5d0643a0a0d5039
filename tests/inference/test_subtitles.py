"""Cues and their formats."""

import json

import pytest

from tts import InputError, WordTiming
from tts.inference.subtitles import MAX_CHARACTERS, Sentence, format_json, format_srt, format_vtt, make_cues, timings_format


def sentence(text, words, start=0.0):
    return Sentence(text, [WordTiming(word, start + 0.5 * i, start + 0.5 * i + 0.4) for i, word in enumerate(words)])


def test_a_short_sentence_is_one_cue_as_it_was_written():
    cues = make_cues([sentence("It cost $4.75!", ["It", "cost", "four", "dollars", "seventy", "five", "cents"])])
    assert [(cue.text, cue.start, cue.end) for cue in cues] == [("It cost $4.75!", 0.0, 3.4)]


def test_a_long_sentence_is_cut_at_the_times_of_its_words():
    words = [f"word{index}" for index in range(40)]
    cues = make_cues([sentence(" ".join(words), words)])
    assert len(cues) == 4 and all(len(cue.text) <= MAX_CHARACTERS for cue in cues)
    assert " ".join(cue.text for cue in cues).split() == words
    for cue in cues:
        first, last = (int(word.removeprefix("word")) for word in (cue.text.split()[0], cue.text.split()[-1]))
        assert (cue.start, cue.end) == (0.5 * first, 0.5 * last + 0.4)


def test_cues_are_in_order_when_spoken_words_are_not_the_written_ones():
    text = "In 1999, " + "x" * 200 + " and 123456 of them, at 5 km each, were counted on 3/4/2021 by 7 people of 12."
    cues = make_cues([sentence(text, ["word"] * 23), sentence("Oh.", ["Oh"], start=20.0)])
    borders = [border for cue in cues for border in (cue.start, cue.end)]
    assert borders == sorted(borders) and len(cues) >= 4 and borders[-1] == 20.4
    assert "".join(cue.text for cue in cues).replace(" ", "") == (text + "Oh.").replace(" ", "")


def test_more_parts_than_words_join():
    cues = make_cues([sentence("y" * 500, ["why"])])
    assert len(cues) == 1 and cues[0].end == 0.4


def test_the_formats_write_clocks_and_escape():
    sentences = [sentence("A < B & C --> D.", ["A", "B", "C", "D"], start=3725.5)]
    assert format_srt(sentences, 4000.0) == "1\n01:02:05,500 --> 01:02:07,400\nA < B & C -> D.\n"
    assert format_vtt(sentences, 4000.0) == "WEBVTT\n\n01:02:05.500 --> 01:02:07.400\nA &lt; B &amp; C --&gt; D.\n"
    row = json.loads(format_json(sentences, 4000.0))
    assert row["seconds"] == 4000.0 and row["words"][0] == {"text": "A", "start": 3725.5, "end": 3725.9}


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.doc.*\.json, \.srt, \.vtt"):
        timings_format(tmp_path / "a.doc")

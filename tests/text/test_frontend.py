"""The whole text front end: any text in, utterances and pauses out."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.errors import InputError
from tts.text.frontend import MAX_TOKENS, MAX_UNBROKEN, FrontEnd, Pause, Utterance


@pytest.fixture(scope="module")
def front_end():
    return FrontEnd()


def test_describe(front_end):
    said = front_end.describe("Dr. Lee owes 2 cents.")
    assert said["text"] == "Dr. Lee owes 2 cents."
    assert said["normalized"] == "Doctor Lee owes two cents."
    assert said["phonemes"] == "dˈɑktəɹ lˈi ˈOz tˈu sˈɛnts."
    assert said["unknown"] == {}


NOTHING = ["", " \n", "...", '""', "\u200b", "_____", "—", "\uffff", "[pause:1]", "\u0378", "<b></b>", "$" * 50]


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_to_speak_is_refused(front_end, text):
    with pytest.raises(InputError, match="nothing to speak"):
        list(front_end.chunks(text))


def test_pauses_stand_between_utterances(front_end):
    pieces = list(front_end.chunks("[pause:2]One.[pause:0.5]Two. Three.[pause:1]"))
    shown = [p.seconds if isinstance(p, Pause) else p.text for p in pieces]
    assert shown == [2.0, "One.", 0.5, "Two.", "Three.", 1.0]


def test_paragraph_ends_are_marked(front_end):
    ends = [u.is_paragraph_end for u in front_end.chunks("One. Two.\n\nThree.") if isinstance(u, Utterance)]
    assert ends == [False, True, True]


@pytest.mark.parametrize("text", ["\u0378 One.", "One. \u0378", "One.\n\n\u0378\n\n", "\u0378\n\nOne."])
def test_what_is_not_spoken_is_counted_once(front_end, text):
    assert front_end.describe(text)["unknown"] == {"\u0378": 1}


def test_long_text_comes_in_short_utterances_with_all_its_words(front_end):
    text = "nine hundred ninety nine thousand " * 60
    utterances = [u for u in front_end.chunks(text) if isinstance(u, Utterance)]
    assert max(len(u.tokens) for u in utterances) <= MAX_TOKENS
    assert " ".join(u.normalized for u in utterances).split() == text.split()


def test_first_utterance_does_not_wait_for_the_rest(front_end):
    reads = []

    class Counting:
        def __call__(self, text):
            reads.append(text)
            return front_end.phonemizer(text)

    next(FrontEnd(Counting()).chunks("One more time. " * 1000))
    assert len(reads) <= 2


def test_runs_without_a_space_are_cut_and_counted(front_end):
    unknown = front_end.describe("a." * MAX_UNBROKEN)["unknown"]
    assert unknown == {"a": MAX_UNBROKEN // 2, ".": MAX_UNBROKEN // 2}


def test_lexicon_and_phonemizer_together_are_refused(front_end):
    with pytest.raises(ValueError, match="lexicon"):
        FrontEnd(front_end.phonemizer, lexicon={"a": "b"})


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text(st.sampled_from("aB 1.,$[]()/:-é漢😀\n\u0301\u200b"), max_size=80))
def test_any_text_gives_speech_or_one_clear_error(front_end, text):
    try:
        pieces = list(front_end.chunks(text))
    except InputError as error:
        assert str(error)
        return
    utterances = [p for p in pieces if isinstance(p, Utterance)]
    assert utterances
    for utterance in utterances:
        assert len(utterance.phonemes.words) == utterance.tokens.n_words > 0


def test_no_heavy_import():
    code = "import sys, tts.text.frontend as f; f.FrontEnd().describe('Hi.'); print({'torch', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"

"""The whole text front end: any text in, utterances and pauses out."""

import re
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


def manners_in(front_end, text):
    """(word, what is set for it) of all words."""
    utterances = [u for u in front_end.chunks(text) if isinstance(u, Utterance)]
    manners = [u.manners or ({},) * len(u.phonemes.words) for u in utterances]
    return [pair for u, own in zip(utterances, manners, strict=True) for pair in zip(u.phonemes.words, own, strict=True)]


MARKED = [
    ("It is [very]{pitch=2} good.", "very"),
    ("[Dr. Smith]{pitch=2} owes us.", "Doctor Smith"),
    ("It cost [$5]{pitch=2} in [1984]{rate=1}.", "five dollars"),
    ("He owes Dr. [Smith]{pitch=2} 2 cents.", "Smith"),
    ("Un[believ]{pitch=2}able.", "Unbelievable"),
    ("One. [Two three. Four!]{pitch=2} Five.", "Two three Four"),
    ("One.\n\n[Two.\n\nThree]{pitch=2} four.", "Two Three"),
    ("[A [tomato](/təmˈɑːtoʊ/) a day]{pitch=2}, said a man.", "A tomato a day"),
    ("A [tomato](/təmˈɑːtoʊ/){pitch=2} a day.", "tomato"),
    ("He [said, well, no]{pitch=2}: no.", "said well no"),
    ("Well, [...]{pitch=2} no.", ""),
]


@pytest.mark.parametrize(("text", "words"), MARKED)
def test_marks_reach_the_words_that_are_said(front_end, text, words):
    assert " ".join(word.text for word, manner in manners_in(front_end, text) if manner.get("pitch") == 2) == words


def test_marks_change_nothing_of_what_is_said(front_end):
    for text, _ in MARKED[:-1]:
        plain = re.sub(r"\[([^\[\]]+)\](?:\{[^}]*\})", r"\1", re.sub(r"(\(/[^/]*/\))\{[^}]*\}", r"\1", text))
        plain = re.sub(r"\[(A \[tomato\]\(/təmˈɑːtoʊ/\) a day)\]\{[^}]*\}", r"\1", plain)
        assert front_end.describe(text)["phonemes"] == front_end.describe(plain)["phonemes"]
        assert [u.text for u in front_end.chunks(text)] == [u.text for u in front_end.chunks(plain)]


def test_marks_outlive_the_cutting_of_long_sentences(front_end):
    text = "one two three four five six seven " * 20 + "[eight nine]{pitch=2} " + "ten eleven twelve " * 20
    marked = [word.text for word, manner in manners_in(front_end, text) if manner]
    assert marked == ["eight", "nine"]


def test_an_inner_mark_counts_where_marks_overlap(front_end):
    pairs = manners_in(front_end, "[One [two]{pitch=1} three]{pitch=2 sigma=0}.")
    assert [dict(manner) for _, manner in pairs] == [{"pitch": p, "sigma": 0.0} for p in (2.0, 1.0, 2.0)]


def test_a_voice_that_cannot_be_steered_refuses_marks_at_once():
    with pytest.raises(InputError, match=r"\[two\]\{pitch=1\}: this voice has no steering"):
        next(FrontEnd(manners=("sigma",)).chunks("One. [two]{pitch=1 sigma=1}"))

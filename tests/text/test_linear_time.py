"""Time grows with the length of the text and not with its square, whatever the text."""

import contextlib
import time

import pytest

from tts.errors import InputError
from tts.text.frontend import FrontEnd
from tts.text.normalize import normalize
from tts.text.split import split_chunks

UNITS = [
    "a", "a.", "a@", "9", "9,", "$", "$9", ":", "-", "(", "[", " ", "\n", "<", "#", "@", "&", "'", "9-", "9:", "9/", "9.", "a/",
    "a-", "http://",
    "www.", "[a](/", "[pause:", "May ", "Dr. ", "I ", "+1 ", "12:30 - ", "é", "e\u0301", "😀", "_", "—",
]  # fmt: skip
N_CHARACTERS = 20_000
LIMIT_SECONDS = 1.0  # a fifth of the text that must take less than 2 s; twice what a busy machine needs


@pytest.fixture(scope="module")
def front_end():
    front_end = FrontEnd()
    front_end.describe("Warm up, xyzzy.")
    return front_end


@pytest.mark.parametrize("unit", UNITS)
def test_normalising_and_splitting_is_linear(unit):
    text = unit * (N_CHARACTERS // len(unit))
    start = time.perf_counter()
    list(split_chunks(normalize(text)))
    assert time.perf_counter() - start < LIMIT_SECONDS


@pytest.mark.parametrize("unit", ["a", "a.", "a@", "9", "9-", "a-", "$9", "a'", "A-a", "(", "é"])
def test_unbroken_text_is_linear_to_the_end(front_end, unit):
    text = unit * (5 * N_CHARACTERS // len(unit))
    start = time.perf_counter()
    with contextlib.suppress(InputError):
        front_end.describe(text)
    assert time.perf_counter() - start < 2.0

"""Texts to speak: lines of a file, and the built-in ones that speed is measured with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tts.errors import InputError

SHORT = "Good morning, everyone."
MEDIUM = "The boats came back to the harbour before noon, and their nets were full of silver fish."
LATENCY = (
    "When the rain had stopped at last, the children ran out into the wet garden, looked under every leaf for snails, counted "
    "eleven of them along the mossy brick wall, and carried the largest one home in a little blue box to show it to "
    "their grandmother."
)  # 250 characters
PARAGRAPH = (
    "A lighthouse is a simple idea. Put a bright lamp on a high place, and sailors will know where the land is. The hard "
    "part was always the lamp. For two thousand years it was an open fire, which had to be fed all night and could hardly "
    "be seen through mist. Oil and mirrors made it better. Then a French engineer cut glass into rings, so that every ray "
    "left the tower in the same direction, and suddenly one small flame could be seen twenty miles away! Who would have "
    "thought that a piece of glass could save so many lives?"
)
BENCH_TEXTS = {"short": SHORT, "medium": MEDIUM, "250 characters": LATENCY, "paragraph": PARAGRAPH}

_SUBJECTS = (
    *("The old teacher", "My neighbour", "A young doctor", "Every traveller"),
    *("The baker's daughter", "Some people", "Our guide"),
)
_VERBS = ("remembered", "talked about", "walked towards", "painted", "never forgot", "wrote down", "dreamed of", "asked for")
_OBJECTS = (
    "the quiet road by the river",
    "a letter from the city",
    "the last train of the evening",
    "three wooden chairs",
    "the garden behind the church",
    "a story about winter",
)
_ENDS = (
    "before the sun went down.",
    "because nobody else was there.",
    "and then went home without a word.",
    "while the others were asleep.",
    "as if it were the first time.",
)


def read_lines(path: Path, limit: int | None = None) -> list[str]:
    """Lines of a text file that are not blank, without the white space around them.

    Args:
        path: UTF-8 text.
        limit: take the first so many; None takes all.

    Raises:
        InputError: the file cannot be read, or holds no line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no UTF-8 text ({error.reason} at byte {error.start})") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: holds no text; write one line for each utterance")
    return lines[:limit]


def long_text(n_words: int) -> str:
    """A text of at least `n_words` plain words in sentences that hardly repeat, ten to a paragraph; always the same."""
    rng = np.random.default_rng(0)
    sentences: list[str] = []
    count = 0
    while count < n_words:
        parts = (_SUBJECTS, _VERBS, _OBJECTS, _ENDS)
        sentence = " ".join(part[int(rng.integers(len(part)))] for part in parts)
        sentences.append(sentence)
        count += len(sentence.split())
    paragraphs = (" ".join(sentences[start : start + 10]) for start in range(0, len(sentences), 10))
    return "\n\n".join(paragraphs)

"""What all rules of normalisation share: a rule is a pattern and a function from its match to the spoken words.

A function that finds that its rule does not hold returns the match as it was.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str]]


def apply_rules(rules: Sequence[Rule], text: str) -> str:
    """Apply rules to a text, one after the other; words never grow together with their neighbours."""
    for pattern, say in rules:
        text = pattern.sub(partial(_spaced, say), text)
    return text


def _spaced(say: Callable[[Match], str], match: Match) -> str:
    said = say(match)
    text, start, end = match.string, match.start(), match.end()
    if said == match.group() or not said:
        return said
    before = " " if start and text[start - 1].isalnum() and said[0].isalnum() else ""
    after = " " if text[end : end + 1].isalnum() and said[-1].isalnum() else ""
    return before + said + after


def any_of(words: Sequence[str] | dict[str, str] | frozenset[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda w: (-len(w), w))) + ")"


def words(table: str) -> list[str]:
    """Words of a table that is written as a text."""
    return table.split()

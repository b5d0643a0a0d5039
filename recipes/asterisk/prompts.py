"""The prompts of Asterisk as Debian packages them: which of them are speech, what is said in each, and which are held out."""

from __future__ import annotations

import hashlib
import re

NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>")  # "[@]", "(note: does not say "2")", "<beep>": not said
LETTER = re.compile(r"letters/[a-z]")
KEYS = {"*": "star", "#": "pound"}
SLIPS = {  # of the transcripts
    "exclaimation": "exclamation",
    "fourtieth": "fortieth",
    "indentified": "identified",
    "represenatives": "representatives",
    "umute": "unmute",
    "witheld": "withheld",
}
HELD_OUT = 10  # per cent


def read_prompts(text: str) -> dict[str, str]:
    """Names of the recordings and what is said in them.

    Args:
        text: of core-sounds-en.txt: `name: words` a line, comments after a semicolon at its begin.

    Returns:
        Only those that are speech, in the order of the file; beeps, monkeys and silence are left out.
    """
    prompts = {}
    for line in text.splitlines():
        name, colon, words = line.partition(":")
        said = spoken(name.strip(), words)
        if colon and said and not line.startswith(";"):
            prompts[name.strip()] = said
    return prompts


def spoken(name: str, words: str) -> str:
    """What is said in a recording, from its transcript; nothing if that describes a sound."""
    words = " ".join(NOTE.sub(" ", words).split())
    if LETTER.fullmatch(name):
        return words.upper()
    words = re.sub(r"[*#]", lambda match: f" {KEYS[match.group()]} ", words)
    words = re.sub(r"\w+", lambda match: SLIPS.get(match.group(), match.group()), words)
    words = re.sub(r"\bi\b", "I", words)
    return " ".join(words.split()) if re.search(r"\w", words) else ""


def split_of(words: str) -> str:
    """ "train" or "valid", by the words alone: what is said twice is never on both sides."""
    plain = " ".join(re.findall(r"\w+", words.lower()))
    place = int(hashlib.sha256(plain.encode()).hexdigest(), 16) % 100
    return "valid" if place < HELD_OUT else "train"

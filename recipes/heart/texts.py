"""What the bundled voice's corpus says: sentences from a file, and the short things that people type.

A corpus of book sentences alone cannot say "One.": this module adds one- to three-word utterances, spelled letters, numbers,
repeated words, lists, questions, exclamations, cut-off phrases and sentences that make no sense, all drawn with a fixed seed.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import inflect


def _table(text: str, separator: str = " ") -> list[str]:
    """Entries of a table that is written as a text."""
    return text.split(separator)


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
INTERJECTIONS = _table(
    "oh ah yes no hi hey hello goodbye bye thanks please sorry okay well right sure maybe never always stop go wait look listen "
    "help run come ready really what who where when why how up down in out on off left back here there now then again more less"
)
LONE = _table(
    "who whom whose what which when where why how up down in on out off at by for from of to with as if or and but nor so yet "
    "than that this these those he she we they you it him her his us me my mine your yours our ours them their its I a an the "
    "am is are was were be been do does did has had have can could may might must shall should will would no not yes oh ah hm "
    "go come here there now then too very just all any each both few more most some such one two ten home who's hi hey hello "
    "help high whole hope half hand hat heat hill house human hurry who'll he's she's we're you're they're let's don't can't "
    "won't"
)
OPENERS = _table("yes|no|well|oh|thank you|of course|excuse me|good morning|good night|come on|look|listen|I see|never mind", "|")
ADDRESSED = _table("sir|madam|please|mother|doctor|captain|my friend|everyone|John|Mary|all of you|then|again|now", "|")
NOUNS = _table(
    "road letter mountain window doctor pocket candle ship chair knife horse spoon table bridge tiger apple cloud stone river "
    "garden bottle teacher engine basket mirror farmer island hammer ladder forest kitchen pencil dragon market shadow soldier "
    "castle monkey carpet station village blanket sailor bucket cat dog bird lamp boat door wall hat coat train king queen child"
)
ADJECTIVES = _table(
    "thin heavy round soft cheap green quiet tall bright empty golden broken sudden gentle rough narrow distant wooden hungry "
    "silver ancient clever lonely purple simple sharp warm cold deep old new small large strange dark slow quick wet dry blue red"
)
TRANSITIVE = _table(
    "painted found carried broke lifted heard called ate sold crossed pushed watched followed opened closed held took"
)
BASE_VERBS = _table("paint find carry break lift hear call eat sell cross push watch follow open close hold take")
INTRANSITIVE = _table("shone fell slept stood waited laughed ran jumped sang vanished turned moved grew burned danced froze")
PREPOSITIONS = _table("through over under beside behind near across around against beyond inside toward")
QUESTIONS = _table("where when why how")
ENDINGS = (".", ".", ".", "!", "?")

_INFLECT = inflect.engine()


def read_sentences(path: Path) -> list[str]:
    """Read one sentence a line; in a TAB-separated file the sentence is the last column."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.rsplit("\t", 1)[-1].strip() for line in lines if line.strip()]


def common_words(sentences: list[str], count: int) -> list[str]:
    """The most frequent lower-case words of the sentences, two letters or longer."""
    words = Counter(re.findall(r"\b[a-z]{2,}\b", " ".join(sentences)))
    return [word for word, _ in words.most_common(count)]


def generated_texts(sentences: list[str], rng: random.Random, scale: float = 1.0) -> list[tuple[str, str]]:
    """Draw the short and odd texts.

    Args:
        sentences: where words, phrases and cut-off beginnings come from.
        rng: the draw; the same seed and sentences give the same texts.
        scale: 1 gives about 13,000 texts.

    Returns:
        Pairs of kind and text, without duplicates.
    """
    words = common_words(sentences, 4000)
    makers = {
        "word": (lambda: _say(rng, rng.choice(words)), 2600),
        "interjection": (lambda: _say(rng, rng.choice(INTERJECTIONS)), 400),
        "address": (lambda: f"{_capital(rng.choice(OPENERS))}, {rng.choice(ADDRESSED)}{rng.choice(ENDINGS)}", 250),
        "phrase": (lambda: _phrase(rng, sentences), 2400),
        "letters": (lambda: _letters(rng), 450),
        "number": (lambda: _number(rng), 1300),
        "repeat": (lambda: _repeat(rng, words), 900),
        "list": (lambda: _list(rng, words), 600),
        "cut": (lambda: _cut(rng, sentences), 1000),
        "nonsense": (lambda: _nonsense(rng), 2400),
        "speech": (lambda: _speech(rng, sentences), 500),
    }
    seen: set[str] = set()
    texts = []
    for kind, (make, count) in makers.items():
        for _ in range(round(count * scale)):
            text = make()
            if text and text not in seen:
                seen.add(text)
                texts.append((kind, text))
    return texts


def lone_texts() -> list[str]:
    """Single words that seldom stand alone in a corpus, each said, asked and cried."""
    return [_capital(word) + ending for word in dict.fromkeys(LONE) for ending in ".?!"]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say(rng: random.Random, text: str) -> str:
    return _capital(text) + rng.choice(ENDINGS)


def _phrase(rng: random.Random, sentences: list[str]) -> str:
    words = re.findall(r"[A-Za-z']+", rng.choice(sentences))
    length = rng.randint(2, 4)
    if len(words) <= length:
        return ""
    start = rng.randrange(len(words) - length)
    return _say(rng, " ".join(words[start : start + length]))


def _letters(rng: random.Random) -> str:
    letters = rng.choices(LETTERS, k=rng.choice((1, 1, 2, 3, 3, 4, 5, 6)))
    return rng.choice((" ", ", ", "-")).join(letters) + rng.choice((".", ".", "?"))


def _number(rng: random.Random) -> str:
    style = rng.randrange(5)
    if style == 0:
        digits = [_INFLECT.number_to_words(rng.randrange(10)) for _ in range(rng.randint(1, 8))]
        return _say(rng, rng.choice((" ", ", ")).join(digits))
    number = rng.choice((rng.randrange(21), rng.randrange(100), rng.randrange(1000), rng.randrange(10**6)))
    words = _INFLECT.number_to_words(number).replace("-", " ")
    if style == 1:
        words = _INFLECT.ordinal(words)
    elif style == 2:
        words = f"{words} point {' '.join(_INFLECT.number_to_words(rng.randrange(10)) for _ in range(rng.randint(1, 3)))}"
    elif style == 3:
        words = f"{words} {rng.choice(('dollars', 'percent', 'people', 'miles', 'years', 'degrees', 'minutes', 'o clock'))}"
    return _say(rng, words)


def _repeat(rng: random.Random, words: list[str]) -> str:
    pool = rng.choice((NOUNS, INTERJECTIONS, words, [_INFLECT.number_to_words(i) for i in range(1, 21)]))
    few = rng.sample(pool, rng.choice((1, 2, 2)))
    said = rng.choices(few, k=rng.randint(2, 10))
    if rng.random() < 0.5:
        said += rng.choice((["and", rng.choice(few)], ["stop"], ["said", "the", rng.choice(NOUNS)]))
    separator = rng.choice((", ", ", ", " "))
    return _say(rng, separator.join(said).replace("and, ", "and ").replace("said, the, ", "said the "))


def _list(rng: random.Random, words: list[str]) -> str:
    pool = rng.choice((NOUNS, words))
    items = rng.sample(pool, rng.randint(3, 8))
    opener = rng.choice(("", "", "I bought ", "There were ", "We need ", "Bring "))
    return _capital(f"{opener}{', '.join(items[:-1])}, and {items[-1]}.")


def _cut(rng: random.Random, sentences: list[str]) -> str:
    words = rng.choice(sentences).split()
    if len(words) < 8:
        return ""
    return " ".join(words[: rng.randint(4, min(len(words) - 2, 14))]).rstrip(".,;:!?")


def _speech(rng: random.Random, sentences: list[str]) -> str:
    words = rng.choice(sentences).rstrip(".!?;:").split()
    if not 3 <= len(words) <= 9:
        return ""
    said = " ".join(words)
    said = said if words[0].isupper() else said[:1].lower() + said[1:]
    return rng.choice(
        (f"Did you say {said}?", f"{_capital(said)}!", f"He said that {said}.", f"What if {said}?", f"Well, {said}!")
    )


def _nonsense(rng: random.Random) -> str:
    a, b = rng.sample(NOUNS, 2)
    adjective = rng.choice(ADJECTIVES)
    other = rng.choice(ADJECTIVES)
    verb = rng.randrange(len(BASE_VERBS))
    return rng.choice(
        (
            f"The {a} {rng.choice(INTRANSITIVE)} {rng.choice(PREPOSITIONS)} the {adjective} {b}.",
            f"The {adjective} {a} {TRANSITIVE[verb]} the {b}.",
            f"The {a} {TRANSITIVE[verb]} the {other} {b} that {rng.choice(INTRANSITIVE)}.",
            f"{_capital(BASE_VERBS[verb])} the {a} and the {adjective} {b}.",
            f"{_capital(rng.choice(QUESTIONS))} does the {a} {BASE_VERBS[verb]} the {adjective} {b}?",
            f"A {adjective}, {other} {a} {TRANSITIVE[verb]} {rng.choice(('my', 'your', 'his', 'her'))} {b} "
            f"{rng.choice(PREPOSITIONS)} the {rng.choice(NOUNS)}.",
            f"She {TRANSITIVE[verb]} the {a} and he {TRANSITIVE[verb - 1]} the {b}.",
            f"The {a} saw the {b} that saw the {a}.",
        )
    )

"""Abbreviations and titles in full: "Dr. Smith" is "Doctor Smith", "e.g." is "for example".

Dotted initials ("U.S.", "J. K.") and words in capitals (NASA, FBI) stay: the phonemizer spells them or says them.
"""

import re

from tts.text.rules import Match, Rule, any_of, apply_rules
from tts.text.split import closing_dot

_TITLES = {  # before a name; those with "*" also without a dot
    "Mr*": "Mister", "Mrs*": "Missus", "Ms*": "Miz", "Dr*": "Doctor", "Prof*": "Professor", "St*": "Saint", "Mt": "Mount",
    "Ft": "Fort", "Gen": "General", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Capt": "Captain",
    "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Cmdr": "Commander", "Rev": "Reverend", "Hon": "Honorable",
    "Pres": "President", "Supt": "Superintendent", "Cpl": "Corporal", "Maj": "Major", "Adm": "Admiral", "Fr": "Father",
    "Msgr": "Monsignor", "Messrs": "Messieurs", "Mme*": "Madame", "Atty": "Attorney", "Ste": "Saint",
}  # fmt: skip
STREETS = {
    "St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Hwy": "Highway", "Pkwy": "Parkway",
    "Ct": "Court", "Dr": "Drive", "Pl": "Place", "Sq": "Square", "Ter": "Terrace", "Cir": "Circle",
}  # fmt: skip
_WORDS = {  # with their dot
    "Jr.": "Junior", "Sr.": "Senior", "Apt.": "Apartment", "Bldg.": "Building", "Ltd.": "Limited", "Inc.": "Incorporated",
    "Corp.": "Corporation", "Co.": "Company", "Bros.": "Brothers", "Dept.": "Department", "dept.": "department",
    "Univ.": "University", "Assn.": "Association", "Govt.": "Government", "govt.": "government", "approx.": "approximately",
    "Approx.": "Approximately", "est.": "established", "Est.": "Established", "vs.": "versus", "eds.": "editors",
    "cf.": "compare", "Cf.": "Compare", "e.g.": "for example", "E.g.": "For example", "i.e.": "that is", "I.e.": "That is",
    "etc.": "etc", "et al.": "et al", "viz.": "namely", "a.k.a.": "also known as", "avg.": "average",
    "esp.": "especially", "misc.": "miscellaneous",
    "incl.": "including", "excl.": "excluding", "cont.": "continued", "intl.": "international", "Mr.": "Mister", "Mrs.": "Missus",
    "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Ln.": "Lane",
    "Hwy.": "Highway", "Pkwy.": "Parkway", "temp.": "temperature", "tel.": "telephone", "Tel.": "Telephone",
    "orig.": "originally",
    "Mt.": "Mount", "Gov.": "Governor", "Capt.": "Captain", "Sgt.": "Sergeant", "ca.": "circa", "resp.": "respectively",
}  # fmt: skip
_BARE = {  # without a dot
    "vs": "versus", "approx": "approximately", "w/o": "without", "w/": "with ", "b/c": "because", "aka": "also known as",
    "AKA": "also known as", "BTW": "by the way", "IMO": "in my opinion", "TBD": "to be determined", "i.e": "that is",
    "e.g": "for example", "c/o": "care of", "n/a": "N A", "N/A": "N A",
}  # fmt: skip
_BEFORE_NUMBERS = {
    "no": "number", "nos": "numbers", "vol": "volume", "vols": "volumes", "ch": "chapter", "fig": "figure", "figs": "figures",
    "p": "page", "pp": "pages", "sec": "section", "eq": "equation", "eqs": "equations", "art": "article", "ext": "extension",
    "c": "circa", "app": "appendix", "ver": "version", "v": "version",
}  # fmt: skip
_KEPT_RE = "you|we|they"
_SPELLED = re.compile(r"\b(?:IT|US|AM|AN|A)\b(?!\.\w)")
_NEVER_ALONE = ("St", "Ste", "Fr", "Ft", "Maj", "Adm", "Pres", "Rep", "Hon")  # other words, or a fort and a saint
_WORDS |= {f"{title}.": word for title, word in _TITLES.items() if title.isalpha() and title not in _NEVER_ALONE}


def speak_abbreviations(text: str) -> str:
    """Write abbreviations in full."""
    return apply_rules(_RULES, text)


def _title(match: Match) -> str:
    key = match.group(1)
    return (_TITLES.get(key) or _TITLES[key + "*"]) + " "


def _street(match: Match) -> str:
    """Read "Elm St." as a street before the end, a comma, small letters or a sentence's first word; else a saint or a doctor."""
    rest = match.string[match.end() : match.end() + 40]
    is_last = not rest.strip() or not rest[0].isspace() or not rest.lstrip()[:1].isupper() or bool(closing_dot(match))
    return f"{match.group(1)} {STREETS[match.group(2)]}{closing_dot(match)}" if is_last else match.group()


def _word(match: Match) -> str:
    return _WORDS[match.group()] + closing_dot(match)


def _number(match: Match) -> str:
    short = match.group(1)
    word = _BEFORE_NUMBERS[short.lower()]
    return (word.capitalize() if short[0].isupper() else word) + " "


def _shouted(match: Match) -> str:
    """A text all in capitals: its short words that would be spelled are words."""
    return _SPELLED.sub(lambda m: m.group().lower(), match.group())


_dotless = [t.rstrip("*") for t in _TITLES if t.endswith("*")]
_dotted = [t.rstrip("*") for t in _TITLES]
_RULES: list[Rule] = [
    (re.compile(r"\A(?=(?:[^a-z\s]+\s+){3})[^a-z]+\Z"), _shouted),
    (re.compile(r"(?<=[A-Za-z] )\b([A-Z][a-z]+|\d+(?:st|nd|rd|th)) (St|Dr)\.(?!\w)"), _street),
    (re.compile(r"^([A-Z][a-z]+) (St|Dr)\.(?!\w)"), _street),
    (re.compile(rf"\b({any_of(_dotted)})\. ?(?=[A-Z])"), _title),
    (re.compile(rf"\b({any_of(_dotless)}) (?=[A-Z][a-z])"), _title),
    (re.compile(rf"(?<![\w.])({any_of(list(_BEFORE_NUMBERS))})\.\s?(?=\d)", re.IGNORECASE), _number),
    (re.compile(rf"(?<![\w.])(?<!\w[-/']){any_of(_WORDS)}(?!\w)"), _word),
    (re.compile(rf"(?<![\w./-]){any_of(_BARE)}(?![\w/'-]|\.\w)"), lambda m: _BARE[m.group()]),
    (re.compile(r"(?<![\w.])a\.k\.a(?![\w.])"), lambda m: "also known as"),
    (re.compile(rf"\b(?!(?:{_KEPT_RE})')([A-Za-z]+)'re\b", re.IGNORECASE), lambda m: m.group(1) + " are"),
]

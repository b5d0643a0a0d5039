"""URLs, e-mail addresses, file names, hashtags, @handles and markup tags.

Works on one run of characters without spaces after the other. An address is read sign by sign ("dot", "slash", "at"); its
words are words, its digits are digits, and what has no vowel is spelled. The scheme is said, `://` after it is not.
"""

import html
import re

from tts.text.numbers import cardinal, digits, pairs
from tts.text.rules import Match, words

SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "&": "ampersand", "?": "question mark", "=": "equals",
    "#": "hash", "%": "percent", ":": "colon", "~": "tilde", "+": "plus", "@": "at", ",": "comma", ";": "semicolon",
    "!": "exclamation mark", "*": "star", "$": "dollar", "\\": "backslash", "|": "bar", "^": "caret",
}  # fmt: skip
_DOMAINS = frozenset(
    words(
        "com org net edu gov mil int info biz io co ai app dev tv me uk us ca de fr it es nl eu au nz jp cn ru br ch at be se fi "
        "dk pl ie xyz online site tech store blog cloud news museum"
    )
)
_SUFFIXES = frozenset(
    words(
        "html htm pdf doc docx xls xlsx ppt pptx txt md csv tsv json toml yaml yml xml jpg jpeg png gif svg webp mp3 mp4 wav "
        "flac ogg avi mov zip tar gz exe dll py js ts css cpp c h rs go java sh bat ini cfg log sql"
    )
)
_SAID = {"jpg": "jpeg", "www": "WWW", "http": "HTTP", "https": "HTTPS", "ftp": "FTP", "ssh": "SSH", "gif": "gif", "md": "MD"}
_WORD_DOMAINS = frozenset(words("com co org net gov mil int info biz app dev online site tech store blog cloud news museum"))
# Spelled, these would be read as words.
_DOTTED = frozenset(words("it us am in is at be to no so as by do id me hi my we if of on or pa la"))
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|mdash|ndash|hellip|copy|#\d{1,6}|#x[0-9A-Fa-f]{1,5});")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,200})?/?>|<!--[^<>]{0,200}-->")
_RUN = re.compile(r"[^\s()\[\]{}<>\"“”]+")
_TRAILING = ".,;:!?'…—*"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,9}://\S+|www\.\S+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+&%-]{1,64}@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)+(?:/\S*)?")
_HOST = re.compile(r"(?:(?:[A-Za-z0-9-]++\.)+([A-Za-z]{2,})|localhost)(?::\d{1,5}+)?(?:[/?#]\S*)?")
_DOTTED_WORDS = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_HANDLE = re.compile(r"@[A-Za-z_][\w.]*")
_HASHTAG = re.compile(r"#[A-Za-z_]\w*")
_PIECE = re.compile(r"[A-Za-z]+|\d+|\W|_")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])|_")
_PORT = re.compile(r":(\d{4})(?!\d)")


def speak_tags(text: str, unknown: dict[str, int]) -> str:
    """Drop and count markup tags; read HTML entities as their characters."""

    def drop(match: Match) -> str:
        unknown[match.group()] = unknown.get(match.group(), 0) + 1
        return " "

    return _ENTITY.sub(lambda m: html.unescape(m.group()), _TAG.sub(drop, text))


def speak_web(text: str) -> str:
    """Read everything that is written as an address."""
    return _RUN.sub(_run, text)


def _run(match: Match) -> str:
    run = match.group()
    if not ("." in run or "@" in run or "#" in run or "://" in run or "localhost" in run):
        return run
    core = run.rstrip(_TRAILING)
    tail = run[len(core) :]
    said = _address(core)
    return run if said is None else said + tail


def _address(core: str) -> str | None:
    """Words of a run if it is an address, else None."""
    if _HANDLE.fullmatch(core):
        return _read(core)
    if _HASHTAG.fullmatch(core):
        return "hashtag " + _read(" ".join(_CAMEL.sub(" ", core[1:]).split()))
    if _URL.fullmatch(core):
        scheme, mark, rest = core.partition("://")
        if not mark:
            return _read(core)
        return _read(scheme if scheme.lower() != "file" else scheme + mark) + " " + _read(rest)
    if _MAIL.fullmatch(core):
        return _read(core)
    host = _HOST.fullmatch(core)
    if host and (host.group(1) is None or host.group(1) in _DOMAINS):
        return _read(core)
    return _words(core) if _DOTTED_WORDS.fullmatch(core) else None


def _words(core: str) -> str | None:
    """Words with dots between them: a file name, a short address, or a missing space."""
    parts = core.split(".")
    last = parts[-1]
    if last.lower() in _SUFFIXES and not parts[-2].isdigit() and len(core) > 3 and len(parts[0]) > 1:
        return _read(core)
    if any(len(part) < 2 or part.isdigit() for part in (parts[0], last)) or not last.isalpha():
        return None
    if len(parts) == 2 and last.istitle() and parts[0][-1].islower():
        return f"{parts[0]}. {last}"  # a sentence, and no space after it
    if len(parts) == 2 and (last.islower() or core.isupper()):
        return _read(core)
    return " ".join(parts) if core.islower() else None


def _read(address: str) -> str:
    address = _PORT.sub(lambda m: " colon " + pairs(int(m.group(1))) + " ", address)
    words = [" ".join(_piece(m, address) for m in _PIECE.finditer(part)) for part in address.split()]
    return " ".join(" ".join(words).split())


def _piece(match: Match, address: str) -> str:
    piece = match.group()
    if piece[0].isdigit():
        return cardinal(int(piece)) if len(piece) < 3 and piece[0] != "0" else digits(piece)
    if not piece[0].isalpha():
        return SIGNS.get(piece, piece)
    lower = piece.lower()
    if lower in _SAID:
        return _SAID[lower]
    is_suffix = address[match.start() - 1 : match.start()] == "." and match.start() > 0
    is_last = address[match.end() : match.end() + 1] in ("", "/", "?", "#", ":") or address[match.end() :].startswith(".")
    is_spelled = len(lower) <= 5 and not set(lower) & set("aeiouy")
    is_short_suffix = is_suffix and is_last and (len(lower) <= 3 or lower in _SUFFIXES) and lower not in _WORD_DOMAINS
    if lower in _DOTTED and is_short_suffix:
        return "".join(f"{letter}." for letter in lower.upper())
    return piece.upper() if len(lower) > 1 and (is_spelled or is_short_suffix) else piece

"""Chapters of a plain text, a Markdown file or an EPUB book.

Markdown is parsed by markdown-it-py. An EPUB is a zip of XHTML pages in the order of its "spine"; its XML is parsed by lxml,
without entities or network (EbookLib would bring the AGPL). Sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tts.errors import InputError
from tts.text.rules import words

MAX_CHARACTERS = 1_000_000  # of a book; some 18 hours of speech
MAX_PAGE_BYTES = 10_000_000  # of one page of an EPUB, unpacked
MAX_PAGES = 2000
SUFFIXES = (".txt", ".md", ".markdown", ".epub")
_HEADING = re.compile(r"^(?:chapter|part|book|prologue|epilogue)\b[^\n]{0,60}$", re.IGNORECASE | re.MULTILINE)
_BLOCKS = frozenset(words("p h1 h2 h3 h4 h5 h6 li blockquote div section article tr dt dd figcaption pre br hr"))
_UNSPOKEN = frozenset(words("script style head svg math nav img audio video"))
_SAFE = {"resolve_entities": False, "no_network": True, "huge_tree": False}


@dataclass(frozen=True)
class Chapter:
    """A part of a book.

    Attributes:
        title: one line, maybe made up.
        text: all that is to be spoken, the title too; paragraphs are separated by blank lines.
    """

    title: str
    text: str


def read_chapters(path: Path) -> list[Chapter]:
    """Read a book.

    Args:
        path: a file with one of SUFFIXES.

    Raises:
        InputError: unknown suffix, a damaged or empty file, or a book that is too long.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path.name}: unknown kind of file; take one of {', '.join(SUFFIXES)}")
    if suffix == ".epub":
        chapters = _read_epub(path)
    else:
        chapters = (_split_plain if suffix == ".txt" else _split_markdown)(_read_text(path), path.stem)
    chapters = [chapter for chapter in chapters if chapter.text.strip()]
    n_characters = sum(len(chapter.text) for chapter in chapters)
    if not chapters:
        raise InputError(f"{path.name}: there is no text in it")
    if n_characters > MAX_CHARACTERS:
        raise InputError(f"{path.name}: {n_characters:,} characters are too many here; cut it into parts of {MAX_CHARACTERS:,}")
    return chapters


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: no UTF-8 text; save it as UTF-8") from None


def _split_plain(text: str, name: str) -> list[Chapter]:
    """Chapters begin at lines like "Chapter 3" or "PART ONE: The sea"."""
    starts = [match.start() for match in _HEADING.finditer(text)]
    if not starts:
        return [Chapter(name, text)]
    parts = [text[begin:end] for begin, end in zip([0, *starts], [*starts, len(text)], strict=True)]
    opening, *chapters = (Chapter(part.strip().split("\n")[0], _after_title(part)) for part in parts)
    return [Chapter(name, opening.text), *chapters]


def _after_title(part: str) -> str:
    """Make the first line, which is a title, a paragraph of its own."""
    title, _, rest = part.strip().partition("\n")
    return f"{title.strip()}\n\n{rest.strip()}"


def _split_markdown(text: str, name: str) -> list[Chapter]:
    """Chapters begin at headings of the first and second level."""
    chapters: list[Chapter] = []
    title, paragraphs = name, list[str]()
    tokens = MarkdownIt("commonmark").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline":
            continue
        said = _spoken(token)
        if before is not None and before.type == "heading_open" and before.tag in ("h1", "h2"):
            chapters.append(Chapter(title, "\n\n".join(paragraphs)))
            title, paragraphs = said, []
        paragraphs.append(said)
    return [*chapters, Chapter(title, "\n\n".join(paragraphs))]


def _spoken(token: Token) -> str:
    """Words of an inline token: no marks, links or pictures."""
    parts = []
    for child in token.children or []:
        parts.append(child.content if child.type in ("text", "code_inline") else " " * (child.type in ("softbreak", "hardbreak")))
    return "".join(parts).strip()


def _read_epub(path: Path) -> list[Chapter]:
    try:
        with zipfile.ZipFile(path) as book:
            return list(_epub_chapters(book))
    except (zipfile.BadZipFile, etree.LxmlError, KeyError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path.name}: no readable EPUB ({error})") from None


def _epub_chapters(book: zipfile.ZipFile) -> Iterator[Chapter]:
    """Pages in reading order; each is a chapter."""
    for number, page in enumerate(_spine(book), 1):
        tree = html.fromstring(_member(book, page) or b"<p/>", parser=html.HTMLParser(encoding="utf-8", **_safe_html()))
        paragraphs = [line for line in (" ".join(line.split()) for line in _lines(tree)) if line]
        headings = [" ".join(found.text_content().split()) for found in tree.iter("h1", "h2", "h3")]
        title = next((heading for heading in headings if heading), f"Part {number}")
        yield Chapter(title[:120], "\n\n".join(paragraphs))


def _safe_html() -> dict[str, bool]:
    return {"no_network": True, "huge_tree": False, "remove_comments": True, "remove_pis": True}


def _spine(book: zipfile.ZipFile) -> list[str]:
    """Paths of the pages in reading order."""
    container = etree.fromstring(_member(book, "META-INF/container.xml"), etree.XMLParser(**_SAFE))
    root = container.find(".//{*}rootfile")
    package_path = "" if root is None else root.get("full-path", "")
    package = etree.fromstring(_member(book, package_path), etree.XMLParser(**_SAFE))
    pages = {item.get("id"): item.get("href", "") for item in package.iterfind(".//{*}manifest/{*}item")}
    order = [pages[item.get("idref")] for item in package.iterfind(".//{*}spine/{*}itemref") if item.get("linear") != "no"]
    if not order or len(order) > MAX_PAGES:
        raise KeyError(f"{len(order)} pages")
    folder = posixpath.dirname(package_path)
    return [posixpath.normpath(posixpath.join(folder, unquote(urlsplit(page).path))) for page in order]


def _member(book: zipfile.ZipFile, name: str) -> bytes:
    """A file of the zip, if it is of a sensible size."""
    if book.getinfo(name).file_size > MAX_PAGE_BYTES:
        raise KeyError(f"{name} is larger than {MAX_PAGE_BYTES // 1_000_000} MB")
    with book.open(name) as file:
        return file.read(MAX_PAGE_BYTES)


def _lines(tree: html.HtmlElement) -> Iterator[str]:
    """Text of a page, cut where a block begins or ends."""
    waiting = ""
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        is_block = element.tag in _BLOCKS
        if event == "start":
            if is_block:
                yield waiting
                waiting = ""
            waiting += "" if _is_unspoken(element) else element.text or ""
            continue
        if is_block:
            yield waiting
            waiting = ""
        above = element.getparent()
        waiting += "" if above is None or _is_unspoken(above) else element.tail or ""
    yield waiting


def _is_unspoken(element: html.HtmlElement) -> bool:
    return element.tag in _UNSPOKEN or any(above.tag in _UNSPOKEN for above in element.iterancestors())

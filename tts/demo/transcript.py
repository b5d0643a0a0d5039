"""What the page shows as HTML: notes, figures, tables, and the words of a take.

`page.js` lights up the word that is heard, and a click on a word plays from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from tts.demo.take import Line

PAGE_JS = (files("tts.demo") / "page.js").read_text(encoding="utf-8")
PAGE_CSS = (files("tts.demo") / "page.css").read_text(encoding="utf-8")


def show_words(lines: Sequence[Line]) -> str:
    """Every line as a paragraph, every word with its times."""
    paragraphs = ["".join(_span(word.text, word.start, word.end) for word in line.words) for line in lines]
    return f'<div class="transcript">{"".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)}</div>'


def _span(text: str, start: float, end: float) -> str:
    return f'<span data-start="{start:.3f}" data-end="{end:.3f}">{escape(text)}</span> '


def show_note(message: str, kind: str = "note") -> str:
    """A line for the visitor: a "note", or what is wrong as a "problem"."""
    role = ' role="alert"' if kind == "problem" else ' role="status"'
    return f'<div class="line {kind}"{role}>{escape(message)}</div>'


def show_facts(facts: dict[str, str]) -> str:
    """A row of names and figures."""
    cells = "".join(f"<span><b>{escape(value)}</b> {escape(name)}</span>" for name, value in facts.items())
    return f'<div class="line facts" role="status">{cells}</div>'


def show_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; "" if it has no rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(header)}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def show_progress(share: float, message: str) -> str:
    """A bar, filled to a share from 0 to 1, with words below."""
    bar = f'<progress max="1" value="{share:.4f}"></progress>'
    return f'<div class="line" role="status">{bar}<span>{escape(message)}</span></div>'

"""Books of all kinds become chapters; broken ones are refused in one line."""

import zipfile

import pytest
from demo_texts import CONTAINER, write_epub

from tts import InputError
from tts.demo import chapters
from tts.demo.chapters import Chapter, read_chapters


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_without_headings_is_one_chapter(tmp_path):
    assert read_chapters(write(tmp_path / "note.txt", "\ufeffHello.\n\nBye.")) == [Chapter("note", "Hello.\n\nBye.")]


def test_a_text_is_cut_at_its_chapters(tmp_path):
    path = write(tmp_path / "a.txt", "By me.\n\nCHAPTER I\nIt rained.\n\nChapter 2: Sun\n\nIt shone. Chapter two was short.\n")
    assert read_chapters(path) == [
        Chapter("a", "By me.\n\n"),
        Chapter("CHAPTER I", "CHAPTER I\n\nIt rained."),
        Chapter("Chapter 2: Sun", "Chapter 2: Sun\n\nIt shone. Chapter two was short."),
    ]


def test_markdown_is_cut_at_headings_and_its_marks_are_not_spoken(tmp_path):
    text = (
        "Intro.\n\n# One *bold*\n\nSee [the link](http://x.y), `code`\nand ![a picture](p.png).\n\n- item\n\n### Inner\n\n"
        "```\nno()\n```\n\nTwo\n===\n\nEnd."
    )
    assert read_chapters(write(tmp_path / "a.md", text)) == [
        Chapter("a", "Intro."),
        Chapter("One bold", "One bold\n\nSee the link, code and .\n\nitem\n\nInner"),
        Chapter("Two", "Two\n\nEnd."),
    ]


def test_an_epub_gives_its_pages_in_the_order_of_the_spine(tmp_path):
    pages = [
        "<h1>One</h1><p>It was <em>late</em> &amp; dark.<script>no()</script></p><p>Very<br/>late.</p>",
        "<div><p>No title here.</p> tail <ul><li>first</li><li>second</li></ul></div>",
        "<img src='x.png'/>",
    ]
    assert read_chapters(write_epub(tmp_path / "b.epub", pages)) == [
        Chapter("One", "One\n\nIt was late & dark.\n\nVery\n\nlate."),
        Chapter("Part 2", "No title here.\n\ntail\n\nfirst\n\nsecond"),
    ]


def test_an_entity_of_an_epub_is_not_resolved(tmp_path):
    secret = write(tmp_path / "secret.txt", "SECRET")
    extra = f'<!DOCTYPE package [<!ENTITY x SYSTEM "file://{secret}">]>'
    path = write_epub(tmp_path / "b.epub", ["<p>Hello &x; there.</p>"], extra=extra)
    assert "SECRET" not in read_chapters(path)[0].text


def test_a_page_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "MAX_PAGE_BYTES", 100_000)
    path = write_epub(tmp_path / "b.epub", ["<p>" + "a" * 200_000 + "</p>"])
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="larger than"):
        read_chapters(path)


def test_a_path_out_of_the_zip_finds_nothing(tmp_path):
    path = write_epub(tmp_path / "b.epub", ["<p>Hi.</p>"], container=CONTAINER.replace("OEBPS/book.opf", "../../etc/passwd"))
    with pytest.raises(InputError, match="no readable EPUB"):
        read_chapters(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"%PDF", "unknown kind of file"),
        ("a.txt", b"\xff\xfe\x00", "UTF-8"),
        ("a.txt", b" \n ", "no text in it"),
        ("a.md", b"```\ncode\n```", "no text in it"),
        ("a.epub", b"no zip", "no readable EPUB"),
        ("a.epub", b"", "no readable EPUB"),
    ],
)
def test_what_is_no_book_is_refused_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_chapters(path)
    assert "\n" not in str(caught.value) and str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("broken", ["<container", "<container/>", "", CONTAINER.replace("book.opf", "none.opf")])
def test_a_broken_epub_is_refused(tmp_path, broken):
    with pytest.raises(InputError, match="no readable EPUB"):
        read_chapters(write_epub(tmp_path / "b.epub", ["<p>Hi.</p>"], container=broken))


def test_a_zip_that_is_no_epub_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as other:
        other.writestr("x", "y")
    with pytest.raises(InputError, match="no readable EPUB"):
        read_chapters(tmp_path / "a.epub")


def test_a_book_that_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "MAX_CHARACTERS", 100)
    with pytest.raises(InputError, match="cut it into parts"):
        read_chapters(write(tmp_path / "a.txt", "word " * 30))

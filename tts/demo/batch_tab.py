"""Batch: a text, Markdown or EPUB file becomes a zip of spoken chapters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from tts.demo.book import SUFFIXES as AUDIO_SUFFIXES
from tts.demo.book import Reading, read_aloud
from tts.demo.chapters import SUFFIXES, read_chapters
from tts.demo.controls import BOOKS, CHARACTERS_PER_SECOND, QUIET, add_controls, read_controls
from tts.demo.shelf import Shelf
from tts.demo.speak_tab import Update
from tts.demo.take import make_sampling
from tts.demo.transcript import show_note, show_progress, show_table
from tts.errors import InputError

HEADERS = ("chapter", "length")
ADVICE = "Chapters begin at headings of Markdown, at lines like “Chapter 3” in plain text, and at the pages of an EPUB."


class BatchTab:
    """The components of the tab, and what happens in it."""

    def __init__(self, shelf: Shelf) -> None:
        """Draw the tab into the current Blocks."""
        self.shelf = shelf
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self.file = gr.File(label="A book: .txt, .md or .epub", file_types=list(SUFFIXES), elem_id="book", height=140)
                self.format = gr.Radio(
                    [suffix[1:] for suffix in AUDIO_SUFFIXES], value="mp3", label="Audio", elem_id="book-format"
                )
                with gr.Row():
                    self.button = gr.Button("Read it aloud", variant="primary", elem_id="batch-button", scale=3, min_width=140)
                    self.cancel = gr.Button("Cancel", elem_id="batch-cancel", scale=1, min_width=80)
                with gr.Accordion("How it is spoken", open=False):
                    self.controls = add_controls(shelf, "batch")
            with gr.Column(scale=7, min_width=300):
                self.progress = gr.HTML(show_note(ADVICE), elem_id="batch-progress")
                self.archive = gr.File(label="Chapters, a zip", interactive=False, visible=False, elem_id="archive")
                self.contents = gr.HTML(elem_id="contents")
        self._connect()

    def _connect(self) -> None:
        outputs = [self.progress, self.archive, self.contents]
        self.file.upload(self.look_into, self.file, outputs, show_progress="hidden", api_visibility="private", **BOOKS)
        reading = self.button.click(
            self.read, [self.file, self.format, *self.controls.inputs], outputs,
            show_progress="hidden", api_visibility="private", trigger_mode="once", **BOOKS,
        )  # fmt: skip
        cancelled = self.cancel.click(None, None, None, cancels=[reading], api_visibility="private")
        cancelled.then(lambda: show_note("Cancelled."), None, self.progress, **QUIET)

    def look_into(self, file: str | None) -> Update:
        """Show the chapters of a book that was just uploaded."""
        if file is None:
            return {self.progress: show_note(ADVICE)}
        try:
            chapters = read_chapters(Path(file))
        except InputError as error:
            return {self.progress: show_note(str(error), "problem"), self.contents: ""}
        rows = [[chapter.title, f"{len(chapter.text):,} characters"] for chapter in chapters]
        minutes = sum(len(chapter.text) for chapter in chapters) / CHARACTERS_PER_SECOND / 60
        note = show_note(f"{len(chapters)} chapter{'s' * (len(chapters) > 1)}, about {max(1, round(minutes))} min of speech.")
        return {
            self.progress: note,
            self.contents: show_table(HEADERS, rows),
            self.archive: gr.update(value=None, visible=False),
        }

    def read(self, file: str | None, format: str, *values: Any) -> Iterator[Update]:
        """Read a book aloud; yields what changes on the page."""
        try:
            if file is None:
                raise InputError("no book yet: drop a .txt, .md or .epub file first")
            voice, settings = read_controls(*values)
            sampling = make_sampling(**settings)
            chapters = read_chapters(Path(file))
            with tempfile.TemporaryDirectory() as folder:
                archive = Path(folder) / f"{Path(file).stem}.zip"
                reading: Reading | None = None
                for reading in read_aloud(self.shelf.get(voice), chapters, sampling, f".{format}", archive):
                    yield {self.progress: show_progress(reading.share, _say(reading)), self.archive: gr.update(visible=False)}
                assert reading is not None, "a book has chapters"
                yield self._finished(reading, archive)
        except InputError as error:
            yield {self.progress: show_note(str(error), "problem"), self.archive: gr.update(value=None, visible=False)}

    def _finished(self, reading: Reading, archive: Path) -> Update:
        speed = reading.audio_seconds / reading.compute_seconds
        message = (
            f"{_minutes(reading.audio_seconds)} of speech in {_minutes(reading.compute_seconds)}, {speed:.0f} times real time"
        )
        rows = [
            [row["title"], _minutes(float(str(row["seconds"]))) if "seconds" in row else row["error"]] for row in reading.rows
        ]
        finished: dict[Any, Any] = {self.progress: show_progress(1, message)}
        finished[self.archive] = gr.update(value=str(archive), visible=True)
        finished[self.contents] = show_table(HEADERS, rows)
        return finished


def _say(reading: Reading) -> str:
    left = reading.compute_seconds * (1 - reading.share) / max(0.01, reading.share)
    where = f"{reading.chapter} of {reading.n_chapters}: {reading.title}"
    return f"{where} ({_minutes(reading.audio_seconds)} spoken, about {_minutes(left)} to go)"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"

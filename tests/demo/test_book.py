"""A book is read into a zip."""

import io
import json
import tempfile
import zipfile

import pytest
import soundfile as sf

from tts import InputError, SamplingConfig
from tts.demo.book import CONTENTS_NAME, read_aloud
from tts.demo.chapters import Chapter

CHAPTERS = [Chapter("One: a/b?", "One.\n\nIt rained. It rained more."), Chapter("", "…"), Chapter("Three", "It shone.")]
SAMPLING = SamplingConfig(seed=4)


@pytest.mark.parametrize("suffix", [".mp3", ".opus", ".flac"])
def test_every_chapter_has_its_audio_and_words(tts, tmp_path, suffix):
    archive = tmp_path / "book.zip"
    reading = list(read_aloud(tts, CHAPTERS, SAMPLING, suffix, archive))[-1]
    with zipfile.ZipFile(archive) as book:
        assert book.namelist() == [f"1 One ab{suffix}", "1 One ab.vtt", f"3 Three{suffix}", "3 Three.vtt", CONTENTS_NAME]
        contents = json.loads(book.read(CONTENTS_NAME))
        info = sf.info(io.BytesIO(book.read(f"3 Three{suffix}")))
        assert "It rained more." in book.read("1 One ab.vtt").decode()
    assert contents["seed"] == 4 and "nothing to speak" in contents["chapters"][1]["error"]
    assert info.duration == pytest.approx(contents["chapters"][2]["seconds"], abs=0.1)
    assert info.duration == pytest.approx(tts.synthesize("It shone.", SAMPLING).seconds, abs=0.1)
    assert reading.share == 1.0 and reading.rows == contents["chapters"]


def test_progress_only_grows(tts, tmp_path, monkeypatch):
    monkeypatch.setattr("tts.demo.book.REPORT_SECONDS", 0.0)
    shares = [reading.share for reading in read_aloud(tts, CHAPTERS, SAMPLING, ".flac", tmp_path / "book.zip")]
    assert len(shares) > 5 and shares == sorted(shares) and shares[0] < 1


def test_a_book_without_anything_to_speak_is_refused(tts, tmp_path):
    with pytest.raises(InputError, match="nothing in this book can be spoken"):
        list(read_aloud(tts, [CHAPTERS[1]], SAMPLING, ".mp3", tmp_path / "book.zip"))


def test_a_cancelled_reading_leaves_no_audio_behind(tts, tmp_path, monkeypatch):
    monkeypatch.setattr("tts.demo.book.REPORT_SECONDS", 0.0)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    reading = read_aloud(tts, CHAPTERS, SAMPLING, ".mp3", tmp_path / "book.zip")
    next(reading)
    assert list(scratch.rglob("*.mp3*"))
    reading.close()
    assert not list(scratch.iterdir())

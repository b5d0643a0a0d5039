"""Corpora in their exact layouts: which format a path looks like, and the clips that are read from it."""

import gzip
import json
import re
from pathlib import Path

import pytest
import soundfile as sf
import toy_speech as toy

from tts.data.corpora import READERS, open_corpus
from tts.data.prepare import prepare
from tts.errors import InputError

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
MAKERS = {
    "folder": toy.make_folder,
    "ljspeech": toy.make_ljspeech,
    "libritts": toy.make_libritts,
    "vctk": toy.make_vctk,
    "hifitts": toy.make_hifitts,
    "commonvoice": toy.make_commonvoice,
    "pipe": toy.make_pipe,
    "jsonl": toy.make_jsonl,
}
N_CLIPS = {"libritts": 9, "hifitts": 9, "commonvoice": 8}


@pytest.fixture(scope="module", params=MAKERS)
def corpus(request, tmp_path_factory):
    """Format and folder of a small corpus."""
    return request.param, MAKERS[request.param](tmp_path_factory.mktemp("corpora") / request.param)


def test_the_format_of_a_corpus_is_found_out(corpus):
    format, folder = corpus
    assert open_corpus(str(folder)).format == format


def test_every_clip_is_read_with_its_audio_and_text(corpus):
    format, folder = corpus
    clips = list(open_corpus(str(folder), format).clips())
    assert len(clips) == N_CLIPS.get(format, 6) == len({clip.id for clip in clips})
    for clip in clips:
        assert clip.fault is None and clip.text in toy.TEXTS
        seconds = sf.info(clip.audio).duration
        assert seconds == pytest.approx(len(clip.text) / 18 + 2 * toy.PAUSE_SECONDS, abs=0.05)


@pytest.mark.parametrize(
    ("format", "speakers", "splits"),
    [
        ("folder", {""}, {""}),
        ("ljspeech", {""}, {""}),
        ("libritts", {"103", "1034", "84", "61"}, {"train", "valid", "test"}),
        ("vctk", {"p225", "p226"}, {""}),
        ("hifitts", {"92", "6097"}, {"train", "valid"}),
        ("commonvoice", {"0c0ffee", "1c0ffee"}, {"train", "valid", "test"}),
        ("jsonl", {"anna"}, {""}),
    ],
)
def test_speakers_and_splits_are_those_of_the_corpus(tmp_path, format, speakers, splits):
    clips = list(open_corpus(str(MAKERS[format](tmp_path / "corpus")), format).clips())
    assert {clip.speaker for clip in clips} == speakers
    assert {clip.split for clip in clips} == splits


def test_one_speaker_alone_can_be_taken(tmp_path):
    clips = list(open_corpus(str(toy.make_vctk(tmp_path)), speaker="p226").clips())
    assert [clip.id for clip in clips] == ["p226_002", "p226_004", "p226_006"]
    with pytest.raises(InputError, match="no clips of speaker 'p999' here, read as vctk"):
        list(prepare(open_corpus(str(tmp_path), speaker="p999"), tmp_path / "out"))


def test_splits_that_part_speakers_say_nothing_about_one_of_them(tmp_path):
    clips = list(open_corpus(str(toy.make_libritts(tmp_path)), speaker="103").clips())
    assert len(clips) == 3 and {clip.split for clip in clips} == {""}


def test_ljspeech_says_numbers_in_words_and_vctk_takes_the_first_microphone(tmp_path):
    texts = [clip.text for clip in open_corpus(str(toy.make_ljspeech(tmp_path / "lj"))).clips()]
    assert texts[4] == "He drank a cup of tea."
    names = [clip.audio.name for clip in open_corpus(str(toy.make_vctk(tmp_path / "vctk"))).clips()]
    assert all(name.endswith("_mic1.flac") for name in names)


def test_a_folder_of_folders_has_speakers_if_one_says_so(tmp_path):
    toy.make_speaker_folders(tmp_path)
    assert {clip.speaker for clip in open_corpus(str(tmp_path)).clips()} == {""}
    clips = list(open_corpus(str(tmp_path), "speakers").clips())
    assert [(clip.id, clip.speaker) for clip in clips[:2]] == [("anna/0", "anna"), ("anna/2", "anna")]


def test_transcripts_may_lie_in_a_folder_of_their_own(tmp_path):
    for index in range(2):
        toy.write(tmp_path / "txt" / f"{index}.txt", toy.write_speech(tmp_path / "wav" / f"{index}.WAV", index, format="WAV"))
    clips = list(open_corpus(str(tmp_path)).clips())
    assert [(clip.id, clip.text) for clip in clips] == [(f"wav/{index}", toy.text_of(index)) for index in range(2)]


def test_a_folder_that_leads_back_to_itself_is_entered_once(tmp_path):
    toy.make_folder(tmp_path / "a", 2)
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert len(list(open_corpus(str(tmp_path), "folder").clips())) == 2


def test_a_table_with_speakers_is_told_from_ljspeech(tmp_path):
    clips = list(open_corpus(str(toy.make_pipe(tmp_path, has_speakers=True))).clips())
    assert {clip.speaker for clip in clips} == {"anna"} and clips[0].text == toy.text_of(0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a|one|One.", "b|two|Two.", "c|three|Three."], "may be ljspeech or pipe; say which by --format"),
        (["no table"], "looks like no corpus that is known"),
    ],
)
def test_a_table_that_may_be_two_things_is_not_guessed_at(tmp_path, lines, message):
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        open_corpus(str(tmp_path))


def test_a_folder_that_may_be_two_corpora_is_not_guessed_at(tmp_path):
    toy.make_jsonl(tmp_path)
    toy.make_hifitts(tmp_path)
    with pytest.raises(InputError, match="may be jsonl or hifitts"):
        open_corpus(str(tmp_path))


@pytest.mark.parametrize(
    ("source", "format", "message"),
    [
        ("none", "auto", "none: no such folder"),
        ("none.jsonl", "auto", "none.jsonl: no such manifest"),
        (".", "auto", "looks like no corpus"),
        (".", "wav", "--format wav: unknown; take auto, jsonl"),
        ("https://host/a.tar", "auto", "looks like no corpus"),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path, monkeypatch, source, format, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        open_corpus(source, format)


def test_lines_that_make_no_sense_become_clips_with_a_fault(tmp_path):
    folder = toy.make_pipe(tmp_path / "pipe", 2)
    with (folder / "metadata.csv").open("ab") as file:
        file.write(b"only one column\n\xff\xfe|text\nlost|Text.\n")
    faults = [clip.fault for clip in open_corpus(str(folder)).clips()]
    assert faults[:2] == [None, None]
    assert "line 3: no file|text" in faults[2][1] and "line 4: no UTF-8" in faults[3][1] and faults[4] is None


def test_a_manifest_may_be_packed_begin_with_a_mark_and_hold_urls(tmp_path):
    row = {"id": "a", "audio": "https://host/a.wav", "text": "A.", "start": 1, "end": 2.5, "speaker": "x", "split": "valid"}
    path = tmp_path / "manifest.jsonl.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(row).encode() + b"\r\n\n"))
    (clip,) = open_corpus(str(path)).clips()
    assert (clip.audio, clip.start, clip.end, clip.speaker, clip.split) == ("https://host/a.wav", 1, 2.5, "x", "valid")


def test_a_manifest_may_be_given_by_its_folder(tmp_path):
    toy.make_jsonl(tmp_path)
    assert next(clip.audio for clip in open_corpus(str(tmp_path)).clips()) == Path(tmp_path / "0.wav")


def test_every_format_has_a_reader_a_test_and_a_line_in_the_docs():
    assert set(READERS) == {*MAKERS, "speakers", "lhotse", "shar"}
    assert all(f"`{name}`" in DOCS for name in READERS)


def test_every_kind_of_rejection_is_explained_in_the_docs():
    call = re.compile(r'(?:BadClip\(|fault ?= ?\(|, \()"([a-z0-9 ]+)", f?["r]')
    kinds = {kind for path in (ROOT / "tts" / "data").glob("*.py") for kind in call.findall(path.read_text(encoding="utf-8"))}
    listed = {kind for line in DOCS.split("\n") if line.startswith("| ") for kind in line.split("|")[1].strip().split(", ")}
    assert {"clipped", "truncated", "no transcript", "duplicate", "manifest"} <= kinds <= listed, kinds - listed

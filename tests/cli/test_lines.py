"""`tts say --lines`."""

import json

import pytest
import soundfile as sf


def rows_of(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_line_gets_a_file_in_order_and_a_row(say, tmp_path):
    text, folder = tmp_path / "lines.txt", tmp_path / "out"
    text.write_text("One.\n\nTwo words.\r\n  Three more words.\n", encoding="utf-8")
    result = say("--lines", "-i", text, "-d", folder, "--seed", 4)
    assert result.status == 0 and "3 of 3 lines" in result.err
    assert sorted(path.name for path in folder.iterdir()) == ["0001.wav", "0002.wav", "0003.wav", "manifest.jsonl"]
    rows = rows_of(folder)
    assert [(row["id"], row["text"], row["audio"], row["seed"]) for row in rows] == [
        ("0001", "One.", "0001.wav", 4),
        ("0002", "Two words.", "0002.wav", 4),
        ("0003", "Three more words.", "0003.wav", 4),
    ]
    for row in rows:
        assert row["seconds"] == pytest.approx(sf.info(folder / row["audio"]).duration, abs=1e-3)
    assert [word["text"] for word in rows[1]["words"]] == ["Two", "words"]


def test_a_line_sounds_as_it_does_alone(say, tmp_path):
    say("--lines", "-d", tmp_path, "--seed", 4, stdin=b"One.\nTwo words.\n")
    say("Two words.", "-o", tmp_path / "alone.wav", "--seed", 4)
    assert (tmp_path / "0002.wav").read_bytes() == (tmp_path / "alone.wav").read_bytes()


def test_a_line_that_cannot_be_spoken_is_reported_and_the_others_are_spoken(say, tmp_path):
    (tmp_path / "0002.wav").write_bytes(b"of an earlier run")
    result = say("--lines", "-d", tmp_path, "--format", "flac", stdin="One.\n…\n[pause:99]\nTwo.".encode())
    assert result.status == 2
    assert "tts: 0002: nothing to speak in '…'" in result.err and "2 of 4 lines" in result.err
    rows = rows_of(tmp_path)
    assert [row["id"] for row in rows] == ["0001", "0002", "0003", "0004"]
    assert ["error" in row for row in rows] == [False, True, True, False]
    assert sorted(path.name for path in tmp_path.glob("*.flac")) == ["0001.flac", "0004.flac"]


def test_what_was_spoken_before_an_interrupt_stays_with_its_manifest(say, tmp_path, monkeypatch):
    from tts import TTS

    stream = TTS.stream

    def interrupted(self, text, *arguments):
        if text.startswith("Two"):
            raise KeyboardInterrupt
        return stream(self, text, *arguments)

    monkeypatch.setattr(TTS, "stream", interrupted)
    assert say("--lines", "-d", tmp_path, stdin=b"One.\nTwo.\nThree.").status == 130
    assert [row["audio"] for row in rows_of(tmp_path)] == ["0001.wav"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001.wav", "manifest.jsonl"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "-d DIR"),
        (["-d", "out", "-o", "a.wav"], "-o does not go with --lines"),
        (["-d", "out", "--timestamps", "a.srt"], "--timestamps does not go with --lines"),
        (["-d", "out", "--format", "doc"], "--format doc"),
        (["-d", "file"], "file: no folder can be made there"),
    ],
)
def test_options_that_make_no_sense_are_refused(say, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    result = say("--lines", *options, stdin=b"One.\n")
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_empty_lines_alone_are_refused(say, tmp_path):
    result = say("--lines", "-d", tmp_path / "out", stdin=b"\n \n")
    assert result.status == 2 and "no line has anything in it" in result.err
    assert not (tmp_path / "out").exists()

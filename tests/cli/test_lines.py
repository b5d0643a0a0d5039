"""`tts say --lines`."""

import json
from io import BytesIO

import pytest
import soundfile as sf

from tts.cli import batch
from tts.cli.lines import open_lines


def rows_of(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def times_of(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.wav")}


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_every_line_gets_a_file_in_order_and_a_row(say, tmp_path):
    text, folder = tmp_path / "lines.txt", tmp_path / "out"
    text.write_text("One.\n\nTwo words.\r\n  Three more words.\n", encoding="utf-8")
    result = say("--lines", "-i", text, "-d", folder, "--seed", 4)
    assert result.status == 0 and "3 of 3 lines" in result.err
    assert sorted(path.name for path in folder.iterdir()) == [".lines", "0001.wav", "0002.wav", "0003.wav", "manifest.jsonl"]
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
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lines", "0001.wav", "manifest.jsonl"]


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


def test_a_second_run_speaks_only_lines_that_changed_or_are_missing(say, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "PART_LINES", 2)
    lines = ["One.", "Two.", "Three.", "Four.", "Five."]
    one = ("--lines", "-d", tmp_path / "one", "--seed", 4)
    say(*one, stdin="\n".join(lines).encode())
    before, manifest = times_of(tmp_path / "one"), rows_of(tmp_path / "one")
    say(*one, stdin="\n".join(lines).encode())
    assert times_of(tmp_path / "one") == before and rows_of(tmp_path / "one") == manifest
    lines[1], lines[5:] = "Too.", ["Six."]
    (tmp_path / "one" / "0003.wav").unlink()
    say(*one, stdin="\n".join(lines).encode())
    after = times_of(tmp_path / "one")
    assert {name for name in after if after[name] != before.get(name)} == {"0002.wav", "0003.wav", "0006.wav"}
    say("--lines", "-d", tmp_path / "new", "--seed", 4, stdin="\n".join(lines).encode())
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "new")


def test_other_settings_speak_all_lines_anew(say, tmp_path):
    def run(*options):
        say("--lines", "-d", tmp_path, *options, stdin=b"One.\nTwo.")
        return contents_of(tmp_path)

    first, second = run("--seed", 4), run("--seed", 4, "--speed", 2)
    assert all(first[name] != second[name] for name in first)
    assert run("--seed", 5) != second
    assert run("--seed", 4) == first


def test_a_row_does_not_outlive_its_audio(say, tmp_path, monkeypatch):
    """Killed after a changed line was spoken and before its part was kept: the old list must not take the new audio."""
    from tts.cli.line_job import SpeakPart

    say("--lines", "-d", tmp_path, "--seed", 4, stdin=b"One.\nTwo.")
    whole, speak, keep, spoken = contents_of(tmp_path), SpeakPart._speak, SpeakPart._keep, []
    monkeypatch.setattr(SpeakPart, "_speak", lambda job, line: spoken.append(line) or speak(job, line))
    monkeypatch.setattr(SpeakPart, "_keep", lambda *arguments: None if spoken else keep(*arguments))
    say("--lines", "-d", tmp_path, "--seed", 4, stdin=b"One.\nToo.")
    assert len(spoken) == 1
    monkeypatch.undo()
    say("--lines", "-d", tmp_path, "--seed", 4, stdin=b"One.\nTwo.")
    assert contents_of(tmp_path) == whole


def test_a_drawn_seed_is_kept_until_all_lines_are_spoken(say, tmp_path, monkeypatch):
    from tts import TTS

    stream = TTS.stream

    def interrupted(self, text, *arguments):
        if text.startswith("Two"):
            raise KeyboardInterrupt
        return stream(self, text, *arguments)

    monkeypatch.setattr(TTS, "stream", interrupted)
    say("--lines", "-d", tmp_path, stdin=b"One.\nTwo.\nThree.")
    (first,), times = rows_of(tmp_path), times_of(tmp_path)
    monkeypatch.undo()
    again = say("--lines", "-d", tmp_path, stdin=b"One.\nTwo.\nThree.")
    assert f"goes on where it stopped, with seed {first['seed']}" in again.err
    assert {row["seed"] for row in rows_of(tmp_path)} == {first["seed"]} and times_of(tmp_path).items() >= times.items()
    say("--lines", "-d", tmp_path, stdin=b"One.\nTwo.\nThree.")
    assert first["seed"] not in {row["seed"] for row in rows_of(tmp_path)}


def test_two_processes_give_the_same_folder_and_report_what_one_reports(say, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "PART_LINES", 2)
    lines = "One.\nTwo.\n…\nFour.\nFive.".encode()
    one = say("--lines", "-d", tmp_path / "one", "--seed", 4, stdin=lines)
    two = say("--lines", "-d", tmp_path / "two", "--seed", 4, "--workers", 2, stdin=lines)
    assert one.status == two.status == 2
    assert one.err.replace(f"{tmp_path}/one", "") == two.err.replace(f"{tmp_path}/two", "")
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "two")
    refused = say("--lines", "-d", tmp_path / "three", "--workers", 2, "--map-to", "none", stdin=lines)
    assert refused.status == 2 and "none" in refused.err and refused.err.count("\n") == 1


def test_what_a_killed_process_left_half_written_is_removed(say, tmp_path):
    (tmp_path / ".0001.wav.1f.part").write_bytes(b"half")
    (tmp_path / ".notes.part").write_bytes(b"not ours")
    say("--lines", "-d", tmp_path, stdin=b"One.")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lines", ".notes.part", "0001.wav", "manifest.jsonl"]


def test_very_many_files_go_to_folders_of_a_thousand(say, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "FLAT_LINES", 2)
    say("--lines", "-d", tmp_path, stdin=b"One.\nTwo.")
    assert [row["audio"] for row in rows_of(tmp_path)] == ["0/0001.wav", "0/0002.wav"]
    assert all((tmp_path / row["audio"]).is_file() for row in rows_of(tmp_path))


def test_lines_may_be_read_again_wherever_they_come_from(tmp_path, monkeypatch):
    text = "\ufeffOne.\r\n \n  Two\u2028or\x85so.  \nThree.".encode()
    (tmp_path / "lines.txt").write_bytes(text)
    for source in ((None, tmp_path / "lines.txt"), (None, None), (text.decode(), None)):
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": BytesIO(text), "isatty": lambda: False}))
        with open_lines(*source) as lines:
            assert len(lines) == 3
            assert list(lines) == list(lines) == ["One.", "Two\u2028or\x85so.", "Three."]


def test_a_line_that_is_no_text_is_named(say, tmp_path):
    result = say("--lines", "-d", tmp_path / "out", stdin=b"One.\n\xff\n")
    assert result.status == 2 and "no UTF-8 text in line 2" in result.err
    assert not (tmp_path / "out").exists()

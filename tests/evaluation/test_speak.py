import numpy as np
import pytest
import soundfile as sf

from tts.errors import InputError
from tts.evaluation.speak import ROWS_NAME, find_recordings, speak_lines
from tts.evaluation.texts import read_lines
from tts.inference.sampling import SamplingConfig

LINES = ["Oh.", "...", "Two words."]


def speak(tts, folder, lines=LINES, **settings):
    return list(speak_lines(tts, lines, folder, SamplingConfig(seed=1, **settings), "onnx"))


def times(folder):
    return [path.stat().st_mtime_ns for path in sorted(folder.glob("*.wav"))]


def test_every_line_gets_a_file_or_a_reason(tts, tmp_path):
    recordings = speak(tts, tmp_path / "seed_1")
    assert [row.path.name if row.path else None for row in recordings] == ["0001.wav", None, "0003.wav"]
    assert "nothing to speak" in recordings[1].error
    assert all(row.compute_seconds > 0 for row in recordings if row.path)


def test_finished_audio_is_not_spoken_again(tts, tmp_path):
    first = speak(tts, tmp_path)
    before = times(tmp_path)
    assert speak(tts, tmp_path) == first
    assert times(tmp_path) == before


def test_other_settings_or_text_are_spoken_again(tts, tmp_path):
    speak(tts, tmp_path)
    before = times(tmp_path)
    speak(tts, tmp_path, temperature=0.0)
    warm = times(tmp_path)
    assert all(a != b for a, b in zip(before, warm, strict=True))
    speak(tts, tmp_path, ["Oh.", "...", "Three whole words."], temperature=0.0)
    assert [a == b for a, b in zip(warm, times(tmp_path), strict=True)] == [True, False]


def test_a_missing_file_or_a_row_cut_short_is_spoken_again(tts, tmp_path):
    speak(tts, tmp_path)
    (tmp_path / "0001.wav").unlink()
    rows = tmp_path / ROWS_NAME
    rows.write_text(rows.read_text()[:-20])
    assert [row.path is not None and row.path.is_file() for row in speak(tts, tmp_path)] == [True, False, True]


def write_audio(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        sf.write(folder / name, np.zeros(100), 8000)


def test_existing_audio_is_matched_by_the_order_of_names(tmp_path):
    write_audio(tmp_path, ["b.wav", "a.flac"])
    assert [(row.index, row.text, row.path.name) for row in find_recordings(tmp_path, ["x", "y"])] == [
        (1, "x", "a.flac"),
        (2, "y", "b.wav"),
    ]


def test_folders_of_seeds_are_all_taken(tmp_path):
    for seed in (1, 10, 2):
        write_audio(tmp_path / f"seed_{seed}", ["1.wav", "2.wav"])
    rows = find_recordings(tmp_path, ["x", "y", "z"], limit=2)
    assert [(row.seed, row.index) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2), (10, 1), (10, 2)]


def test_a_wrong_number_of_files_is_refused(tmp_path):
    write_audio(tmp_path, ["1.wav"])
    with pytest.raises(InputError, match="1 audio files for 2 lines"):
        find_recordings(tmp_path, ["x", "y"])
    with pytest.raises(InputError, match="no such folder"):
        find_recordings(tmp_path / "missing", ["x"])


def test_lines_are_read_without_blanks(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text(" one \n\n two\n three\n")
    assert read_lines(path) == ["one", "two", "three"]
    assert read_lines(path, 2) == ["one", "two"]


def test_unreadable_texts_are_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    for name, reason in (
        ("empty.txt", "no text"),
        ("binary.txt", "no UTF-8"),
        ("missing.txt", "cannot be read"),
        ("", "cannot be read"),
    ):
        with pytest.raises(InputError, match=reason):
            read_lines(tmp_path / name)

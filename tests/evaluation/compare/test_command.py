import pytest

from tts.cli import main


def refusal(capsys, *arguments: str) -> str:
    assert main(["compare", *arguments]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_a_wrong_recipe_is_refused_before_anything_is_done(tmp_path, capsys):
    assert "none.toml: cannot be read" in refusal(capsys, str(tmp_path / "none.toml"), "-o", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_an_unknown_arm_is_named(study_file, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    line = refusal(capsys, str(study_file), "-o", str(tmp_path / "out"), "--only", "plane", "--asr", "none")
    assert "unknown arm 'plane': take one of plain, pair, mapped" in line


def test_a_report_of_nothing_is_refused(study_file, tmp_path, capsys):
    assert "no arm has spoken yet" in refusal(capsys, str(study_file), "-o", str(tmp_path / "out"), "--report-only")

"""`tts prepare` and `tts validate`: what they say, and how they end."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from toy_corpus import make_corpus
from toy_speech import make_folder, make_vctk


def test_a_folder_of_recordings_is_prepared_and_found_sound(run, tmp_path):
    make_folder(tmp_path / "mine", 3)
    (tmp_path / "mine" / "clip02.txt").unlink()
    prepare = ("prepare", tmp_path / "mine", "-o", tmp_path / "features", "--workers", 1)
    refused = run(*prepare)
    assert refused.status == 2 and "1 of 3 clips cannot be used" in refused.err and "1 no transcript" in refused.err
    assert json.loads((tmp_path / "features" / "rejected.jsonl").read_text())["id"] == "clip02"
    result = run(*prepare, "--max-bad", 0.5)
    assert result.status == 0 and "2 of 3 clips, read as folder; left out: 1 no transcript" in result.err
    checked = run("validate", tmp_path / "features")
    assert checked.status == 0 and "sound; 2 utterances, 0.00 hours" in checked.err
    assert "narrow" not in result.err + checked.err


def test_narrow_clips_are_used_and_told_of_in_one_line_by_every_command(run, tmp_path):
    make_folder(tmp_path / "mine", 2, 16_000)
    make_folder(tmp_path / "mine" / "wide", 1)
    prepare = ("prepare", tmp_path / "mine", "-o", tmp_path / "features", "--workers", 1)
    said = "warning: 2 of 3 clips (67 %) are narrow"
    for command in (prepare, prepare, ("validate", tmp_path / "features")):
        result = run(*command)
        assert result.status == 0 and sum(said in line for line in result.err.splitlines()) == 1, result.err
    rows = [json.loads(line) for line in (tmp_path / "features" / "index.jsonl").read_text().splitlines()]
    assert [row.get("is_narrow") for row in rows] == [True, True, None]


def test_damaged_features_are_named_and_the_status_is_2(run, tmp_path):
    run("prepare", make_corpus(tmp_path / "corpus", n_clips=3), "-o", tmp_path / "features", "--workers", 1)
    mel = np.load(tmp_path / "features" / "mel.npy")
    mel[:, 0] = np.nan
    np.save(tmp_path / "features" / "mel.npy", mel)
    result = run("validate", tmp_path / "features")
    assert result.status == 2 and "0: its mel holds NaN" in result.err and "4 faults in 3 utterances" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prepare", "none", "-o", "out"), "none: no such folder"),
        (("prepare", "vctk", "-o", "out", "--format", "wav"), "--format wav: unknown"),
        (("prepare", "vctk", "-o", "out", "--speaker", "p9"), "no clips of speaker 'p9'"),
        (("prepare", "vctk", "-o", "out", "--loudness", "3"), "--loudness"),
        (("prepare", "vctk", "-o", "vctk"), "is the corpus"),
        (("prepare", "vctk", "-o", "vctk/license_text"), "no folder can be made there"),
        (("validate", "vctk"), "no complete features here"),
    ],
)
def test_mistakes_get_one_line(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    make_vctk(tmp_path / "vctk", 2)
    result = run(*arguments)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1

"""Shards: several processes, several disks, several runs write the same bytes, and training reads them as one folder."""

import json
import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
from toy_corpus import make_corpus, write_manifest

from tts.audio.mel import MelConfig
from tts.data import plan
from tts.data.clean import PrepareConfig
from tts.data.dataset import FeatureFolder, read_rows
from tts.data.prepare import prepare
from tts.data.shards import shard_folders
from tts.data.validate import validate_folder
from tts.errors import InputError

ROOT = Path(__file__).parents[2]
MEL = MelConfig(n_fft=256, hop_length=64, n_mels=20)


@pytest.fixture
def small_shards(monkeypatch):
    """Pieces of two clips, shards of two pieces."""
    monkeypatch.setattr(plan, "PIECE_CLIPS", 2)
    monkeypatch.setattr(plan, "SHARD_PIECES", 2)


def contents(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def corpus(tmp_path):
    """Ten clips, one of which is missing."""
    manifest = make_corpus(tmp_path / "corpus", n_clips=10, hop_length=MEL.hop_length)
    (tmp_path / "corpus" / "5.wav").unlink()
    return manifest


def run(corpus, out, **options):
    return list(prepare(corpus, out, mel_config=MEL, **options))[-1]


def test_several_processes_write_the_same_shards_byte_for_byte(small_shards, corpus, tmp_path):
    run(corpus, tmp_path / "one")
    run(corpus, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(shard_folders(tmp_path / "one")) == 3
    assert not list((tmp_path / "one").rglob(".*")), "nothing temporary is left"


def test_many_shards_are_read_as_one_folder(small_shards, corpus, tmp_path, monkeypatch):
    run(corpus, tmp_path / "many")
    monkeypatch.setattr(plan, "SHARD_PIECES", 256)
    run(corpus, tmp_path / "single")
    for split in ("train", "valid"):
        many, single = (FeatureFolder(tmp_path / name, split) for name in ("many", "single"))
        assert many.n_frames.tolist() == single.n_frames.tolist() and len(many) == len(single)
        for index in range(len(many)):
            assert many.rows[index]["id"] == single.rows[index]["id"]
            for name in ("mel", "waveform", "f0", "tokens"):
                assert np.array_equal(getattr(many[index], name), getattr(single[index], name))
    assert (tmp_path / "many" / "rejected.jsonl").read_bytes() == (tmp_path / "single" / "rejected.jsonl").read_bytes()


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_run_that_stopped_goes_on_and_ends_the_same(small_shards, corpus, tmp_path, stop_after):
    run(corpus, tmp_path / "whole")
    stopped = prepare(corpus, tmp_path / "stopped", mel_config=MEL)
    for _ in range(stop_after):
        next(stopped)
    stopped.close()
    with pytest.raises(InputError, match="no complete features here"):
        FeatureFolder(tmp_path / "stopped", "train")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "stopped").rglob("*.np[yz]")}
    assert made
    run(corpus, tmp_path / "stopped", workers=2)
    assert contents(tmp_path / "whole") == contents(tmp_path / "stopped")
    assert all(path.stat().st_mtime_ns == time for path, time in made.items() if path.exists()), "nothing is made twice"


def test_a_corpus_that_grows_keeps_its_whole_shards(small_shards, tmp_path):
    corpus = make_corpus(tmp_path / "corpus", n_clips=10, hop_length=MEL.hop_length)
    rows = read_rows(corpus)
    write_manifest(corpus.parent, rows[:6])
    run(corpus, tmp_path / "out")
    first, second = (folder / "mel.npy" for folder in shard_folders(tmp_path / "out"))
    before = first.stat().st_mtime_ns, second.stat().st_mtime_ns
    write_manifest(corpus.parent, rows)
    assert run(corpus, tmp_path / "out").n_good == 10
    assert first.stat().st_mtime_ns == before[0] and second.stat().st_mtime_ns != before[1]
    write_manifest(corpus.parent, rows[:4])
    assert run(corpus, tmp_path / "out").n_good == 4
    assert shard_folders(tmp_path / "out") == [tmp_path / "out"] and not list((tmp_path / "out").rglob("*/mel.npy"))


def test_shards_may_lie_on_several_disks(small_shards, corpus, tmp_path):
    run(corpus, tmp_path / "out", roots=(tmp_path / "disk1", tmp_path / "disk2"))
    assert sorted(path.name for path in (tmp_path / "disk1").iterdir()) == ["00000", "00002"]
    assert [path.name for path in (tmp_path / "disk2").iterdir()] == ["00001"]
    assert len(FeatureFolder(tmp_path / "out", "train")) == 7
    assert [row["id"] for row in read_rows(tmp_path / "out" / "rejected.jsonl")] == ["5"]


def test_every_shard_is_a_features_folder_that_can_be_aligned(small_shards, corpus, tmp_path):
    run(corpus, tmp_path / "out")
    for folder in shard_folders(tmp_path / "out")[:2]:
        tokens = np.load(folder / "tokens.npy")
        np.save(folder / "durations.npy", np.full(len(tokens), 2, np.int16))
        first = read_rows(folder / "index.jsonl")[0]["id"]
        (folder / "dropped.jsonl").write_text(json.dumps({"id": first, "reason": "x"}) + "\n")
    data = FeatureFolder(tmp_path / "out", "train")
    assert [row["id"] for row in data.rows] == ["1", "2", "3", "6", "7"]
    assert data[0].durations.tolist() == [2] * len(data[0].tokens)
    assert len(FeatureFolder(shard_folders(tmp_path / "out")[0], "train")) == 3


def test_a_folder_is_read_alike_by_other_processes_and_after_shards_were_closed(small_shards, corpus, tmp_path, monkeypatch):
    run(corpus, tmp_path / "out")
    monkeypatch.setattr("tts.data.dataset.MAX_OPEN", 1)
    data = FeatureFolder(tmp_path / "out", "train")
    first, last = data[0], data[len(data) - 1]
    copy = pickle.loads(pickle.dumps(data))
    assert np.array_equal(copy[0].mel, first.mel) and copy.rows[-1] == last.row
    assert data[0].row == first.row and [row["id"] for row in data.rows[:2]] == ["0", "1"]
    with pytest.raises(IndexError):
        data[len(data)]


def test_speakers_have_a_table_and_utterances_their_place_in_it(small_shards, tmp_path):
    corpus = make_corpus(tmp_path / "corpus", n_clips=6, hop_length=MEL.hop_length)
    rows = [row | {"speaker": name} for row, name in zip(read_rows(corpus), "cabbab", strict=True)]
    write_manifest(corpus.parent, rows)
    run(corpus, tmp_path / "out")
    data = FeatureFolder(tmp_path / "out", "train")
    assert data.speakers == ["a", "b", "c"] and [data[index].speaker for index in range(4)] == [2, 0, 1, 1]
    assert [row["speaker"] for row in data.rows] == list("cabb")


def test_the_features_may_not_be_written_over_the_corpus(corpus):
    with pytest.raises(InputError, match="is the corpus; name another folder"):
        next(prepare(corpus.parent, corpus.parent))


def test_clips_are_held_out_when_the_corpus_names_no_splits(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", n_clips=10, hop_length=MEL.hop_length)
    write_manifest(corpus.parent, [{key: value for key, value in row.items() if key != "split"} for row in read_rows(corpus)])
    run(corpus, tmp_path / "out", config=PrepareConfig(held_out=0.25))
    assert [row["id"] for row in FeatureFolder(tmp_path / "out", "valid").rows] == ["1", "5", "9"]
    run(corpus, tmp_path / "out", config=PrepareConfig(held_out=0))
    assert len(FeatureFolder(tmp_path / "out", "train")) == 10


def mix(monkeypatch, *arguments) -> None:
    """Run recipes/heart/mix.py as a script."""
    monkeypatch.setattr("sys.argv", ["mix.py", *map(str, arguments)])
    runpy.run_path(str(ROOT / "recipes/heart/mix.py"), run_name="__main__")


def test_folders_are_mixed_each_as_often_as_it_is_said(corpus, tmp_path, monkeypatch):
    for name in ("one", "two"):
        run(corpus, tmp_path / name)
    mix(monkeypatch, tmp_path / "mixed", tmp_path / "one", f"{tmp_path / 'two'}:3")
    folders = [path.resolve() for path in shard_folders(tmp_path / "mixed")]
    assert folders == [tmp_path / name for name in ("one", "two", "two", "two")]
    once, mixed = (len(FeatureFolder(tmp_path / name, "train")) for name in ("one", "mixed"))
    assert mixed == 4 * once


@pytest.mark.parametrize("times", ["x", "0", "-1", "1.5"])
def test_a_part_is_mixed_a_whole_number_of_times(tmp_path, times, monkeypatch):
    with pytest.raises(SystemExit, match="whole number above 0"):
        mix(monkeypatch, tmp_path / "mixed", f"features:{times}")


def test_folders_of_one_speaker_each_are_mixed_by_name(corpus, tmp_path, monkeypatch):
    for name in ("one", "two"):
        run(corpus, tmp_path / name)
    mix(monkeypatch, tmp_path / "mixed", f"bert={tmp_path / 'one'}:2", f"anna={tmp_path / 'two'}")
    data, n = FeatureFolder(tmp_path / "mixed", "train"), len(FeatureFolder(tmp_path / "one", "train"))
    assert data.speakers == ["anna", "bert"] and data.speaker_places.tolist() == [1] * 2 * n + [0] * n
    mix(monkeypatch, tmp_path / "more", tmp_path / "mixed", f"carl={tmp_path / 'one'}")
    assert FeatureFolder(tmp_path / "more", "train").speakers == ["anna", "bert", "carl"]
    mix(monkeypatch, tmp_path / "plain", tmp_path / "one", tmp_path / "two")
    assert FeatureFolder(tmp_path / "plain", "train").speakers == [""]
    with pytest.raises(SystemExit, match=f"names no speaker, and other folders do; write SPEAKER={tmp_path / 'two'}"):
        mix(monkeypatch, tmp_path / "wrong", tmp_path / "mixed", tmp_path / "two")


def test_a_mixture_by_name_is_sound(corpus, tmp_path, monkeypatch):
    run(corpus, tmp_path / "one")
    mix(monkeypatch, tmp_path / "mixed", f"bert={tmp_path / 'one'}", f"anna={tmp_path / 'one'}")
    assert [fault for checked in validate_folder(tmp_path / "mixed") for fault in checked.faults] == []

"""`tts validate` finds what is wrong with a features folder, and nothing wrong with a sound one."""

import json

import numpy as np
import pytest
from toy_corpus import make_corpus, write_manifest

from tts.data import plan
from tts.data.dataset import read_rows
from tts.data.prepare import prepare
from tts.data.validate import validate_folder
from tts.errors import InputError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    list(prepare(make_corpus(folder / "corpus", n_clips=3), folder / "features"))
    index = read_rows(folder / "features" / "index.jsonl")
    durations = [np.diff(np.linspace(0, row["mel"][1], row["tokens"][1] + 1).round()) for row in index]
    np.save(folder / "features" / "durations.npy", np.concatenate(durations).astype(np.int16))
    return folder / "features"


@pytest.fixture
def features(made, tmp_path):
    """A copy that may be damaged."""
    import shutil

    return shutil.copytree(made, tmp_path / "features")


def faults(folder) -> list[str]:
    return [str(fault) for checked in validate_folder(folder) for fault in checked.faults]


def change(folder, name: str, edit) -> None:
    array = np.load(folder / f"{name}.npy")
    np.save(folder / f"{name}.npy", edit(array))


def at(place, value):
    def edit(array):
        array[place] = value
        return array

    return edit


def change_row(folder, **values) -> None:
    rows = read_rows(folder / "index.jsonl")
    rows[1] |= values
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_sound_folder_has_no_faults(made):
    (checked,) = validate_folder(made)
    assert checked.faults == [] and checked.n_utterances == 3 and checked.seconds > 0.4


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: change(f, "mel", at((3, 5), np.nan)), ["mel.npy: not what was written", "0: its mel holds NaN"]),
        (lambda f: change(f, "f0", at(-1, np.inf)), ["f0.npy: not what was written", "2: its F0 holds NaN or infinity"]),
        (lambda f: change(f, "waveform", at(0, 7)), ["waveform.npy: not what was written"]),
        (lambda f: change(f, "waveform", lambda a: a[:-9]), ["bytes, and", "2: its places lie outside the arrays"]),
        (lambda f: change(f, "mel", lambda a: a.astype(np.float32)), ["float32", "bytes, and"]),
        (lambda f: change(f, "tokens", at((0, 0), 5)), ["tokens.npy: not what", "0: its tokens are not begin"]),
        (lambda f: change(f, "tokens", at((1, 1), 9)), ["tokens.npy: not what", "0: stress or place"]),
        (lambda f: change(f, "durations", at(0, 99)), ["0: its durations sum to"]),
        (lambda f: change(f, "durations", lambda a: a[:-1]), ["durations for"]),
        (lambda f: change_row(f, mel=[0, 10**9]), ["1: its places lie outside"]),
        (lambda f: change_row(f, tokens="all"), ["1: its places lie outside"]),
        (lambda f: change_row(f, waveform=[0, 300]), ["1: 300 samples for"]),
        (lambda f: change_row(f, id="0"), ["0: the id comes twice"]),
        (lambda f: (f / "f0.npy").unlink(), ["cannot be read"]),
        (lambda f: (f / "index.jsonl").write_text("{"), ["cannot be read"]),
        (lambda f: (f / "mel.npy").write_bytes(b""), ["cannot be read"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(features, damage, said):
    damage(features)
    found = faults(features)
    assert len(found) == len(said), found
    for part in said:
        assert any(part in fault for fault in found), found


def test_every_shard_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "PIECE_CLIPS", 1)
    monkeypatch.setattr(plan, "SHARD_PIECES", 2)
    corpus = make_corpus(tmp_path / "corpus", n_clips=4)
    write_manifest(corpus.parent, [row | {"speaker": row["id"]} for row in read_rows(corpus)])
    list(prepare(corpus, tmp_path / "out"))
    assert [checked.faults for checked in validate_folder(tmp_path / "out")] == [[], []]
    (tmp_path / "out" / "speakers.json").write_text('["0", "1", "2"]')
    change(tmp_path / "out" / "shards" / "00001", "mel", at((0, 0), np.inf))
    found = faults(tmp_path / "out")
    assert any("00001, 2: its mel" in fault for fault in found) and any("'3' is not in the table" in fault for fault in found)


def test_a_folder_without_features_is_refused(tmp_path):
    with pytest.raises(InputError, match="no complete features here"):
        faults(tmp_path)

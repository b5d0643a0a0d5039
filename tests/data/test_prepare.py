"""Preparing a corpus: what goes in comes out, and what cannot be used is named with its reason."""

import json

import numpy as np
import pytest
import soundfile as sf
from toy_corpus import SAMPLE_RATE, make_corpus, tone, write_manifest

from tts.audio.silence import KEPT_AFTER, KEPT_BEFORE
from tts.data.clean import PrepareConfig
from tts.data.dataset import FeatureFolder, pad, read_rows
from tts.data.prepare import prepare
from tts.data.tables import read_manifest
from tts.errors import InputError
from tts.text.symbols import DEFAULT_SYMBOLS


def run(corpus, out, **options) -> int:
    """Prepare a corpus; returns the number of good clips."""
    return list(prepare(corpus, out, **options))[-1].n_good


def test_a_corpus_becomes_a_features_folder(tmp_path):
    manifest = make_corpus(tmp_path / "corpus")
    assert run(manifest, tmp_path / "features") == 12
    assert read_rows(tmp_path / "features" / "rejected.jsonl") == []
    train, valid = (FeatureFolder(tmp_path / "features", split) for split in ("train", "valid"))
    assert (len(train), len(valid)) == (10, 2)
    assert train.symbols == DEFAULT_SYMBOLS
    for data, first in ((train, 0), (valid, 10)):
        for index in range(len(data)):
            check_utterance(data[index], manifest.parent, first + index)


def check_utterance(utterance, corpus, number) -> None:
    recorded, _ = sf.read(corpus / f"{number}.wav", dtype="float32")
    n_frames = len(utterance.mel)
    assert utterance.row["id"] == str(number)
    assert utterance.mel.shape == (n_frames, 100) and utterance.f0.shape == (n_frames,)
    assert abs(n_frames - (-(-len(recorded) // 256) - 40 + KEPT_BEFORE + KEPT_AFTER)) <= 8  # windows reach into the silence
    assert utterance.durations is None
    at = int(np.argmax([np.array_equal(np.round(recorded[k : k + 8_000] * 32767), utterance.waveform[:8_000]) for k in starts()]))
    np.testing.assert_allclose(utterance.waveform / 32767, recorded[starts()[at] :][: len(utterance.waveform)], atol=1e-4)
    assert utterance.tokens[:, 0].tolist() == DEFAULT_SYMBOLS.encode(utterance.row["phonemes"]).ids.tolist()


def starts() -> list[int]:
    return [frame * 256 for frame in range(25)]


def test_worker_processes_give_the_same_folder(tmp_path):
    manifest = make_corpus(tmp_path / "corpus", n_clips=4)
    run(manifest, tmp_path / "one")
    run(manifest, tmp_path / "two", workers=2)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_front_end_and_the_tracker_fill_in_what_the_manifest_lacks(tmp_path):
    sf.write(tmp_path / "a.wav", np.concatenate((np.zeros(3_000, np.float32), tone(200, 14_000))), SAMPLE_RATE)
    run(write_manifest(tmp_path, [{"id": "a", "audio": "a.wav", "text": "Dr. No"}]), tmp_path / "out")
    utterance = FeatureFolder(tmp_path / "out", "train")[0]
    assert utterance.row["phonemes"].startswith("dˈɑktəɹ")
    assert np.median(np.abs(utterance.f0)) == pytest.approx(200, rel=0.02)


def test_clips_that_cannot_be_used_are_named_with_the_reason(tmp_path):
    good = tone(200, 20_000)
    broken = good.copy()
    broken[500] = np.nan
    clips = {
        "good": good,
        "nan": broken,
        "short": good[:400],
        "empty": good[:0],
        "silent": good * 1e-6,
        "mute": good,
        "long": good,
    }
    for name, audio in clips.items():
        sf.write(tmp_path / f"{name}.wav", audio, SAMPLE_RATE, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no audio")
    np.save(tmp_path / "f0.npy", np.zeros(7))
    rows = [
        {"id": name, "audio": f"{name}.wav", "text": "A text.", "phonemes": "ɐ tˈɛkst."} for name in (*clips, "missing", "text")
    ]
    rows += [{"id": "f0 of 7", "audio": "good.wav", "f0": "f0.npy", "text": "A text."}]
    rows += [{"id": "no f0", "audio": "good.wav", "f0": "none.npy", "text": "A text."}]
    rows[5] |= {"text": "…", "phonemes": ""}
    rows[6] |= {"phonemes": "a" * 90}
    assert run(write_manifest(tmp_path, rows), tmp_path / "out", max_bad=1) == 1
    reasons = {row["id"]: row["reason"] for row in read_rows(tmp_path / "out" / "rejected.jsonl")}
    expected = {
        "nan": "no numbers",
        "short": "400 samples of audio are too few",
        "empty": "holds no audio",
        "silent": "the audio is silent",
        "mute": "no phonemes",
        "long": "the transcript is too long for the audio",
        "missing": "no such file",
        "text": "cannot be read as audio",
        "f0 of 7": "7 values of F0 for 79 mel frames",
        "no f0": "cannot be read as F0",
    }
    assert reasons.keys() == expected.keys()
    for name, part in expected.items():
        assert part in reasons[name] and "\n" not in reasons[name]


def test_a_corpus_without_a_usable_clip_is_an_error(tmp_path):
    manifest = write_manifest(tmp_path, [{"id": "a", "audio": "a.wav", "text": "A text."}])
    with pytest.raises(InputError, match="no clip could be used"):
        run(manifest, tmp_path / "out")
    assert "a.wav" in read_rows(tmp_path / "out" / "rejected.jsonl")[0]["reason"]
    with pytest.raises(InputError, match=r"no complete features here \(symbols.json is missing\)"):
        FeatureFolder(tmp_path / "out", "train")


def test_a_second_run_changes_nothing_and_keeps_the_alignment(tmp_path):
    manifest, out = make_corpus(tmp_path / "corpus", n_clips=3), tmp_path / "out"
    run(manifest, out)
    np.save(out / "durations.npy", np.ones(5, np.int16))
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert run(manifest, out) == 3
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before


@pytest.mark.parametrize("change", ["text", "audio", "settings"])
def test_a_changed_corpus_is_prepared_anew_and_forgets_the_old_alignment(tmp_path, change):
    manifest, out = make_corpus(tmp_path / "corpus", n_clips=3), tmp_path / "out"
    run(manifest, out)
    np.save(out / "durations.npy", np.ones(5, np.int16))
    (out / "dropped.jsonl").write_text('{"id": "0", "reason": "old"}\n')
    rows = read_rows(manifest)
    if change == "text":
        write_manifest(manifest.parent, [rows[0] | {"text": "other"}, *rows[1:]])
    if change == "audio":
        sf.write(manifest.parent / "0.wav", sf.read(manifest.parent / "0.wav")[0] * 0.5, SAMPLE_RATE)
    run(manifest, out, config=PrepareConfig(max_seconds=20.0 if change == "settings" else 40.0))
    assert not (out / "durations.npy").exists() and not (out / "dropped.jsonl").exists()
    assert len(FeatureFolder(out, "train")) == 1


def test_durations_of_other_features_are_refused(tmp_path):
    run(make_corpus(tmp_path / "corpus", n_clips=3), tmp_path / "out")
    np.save(tmp_path / "out" / "durations.npy", np.ones(5, np.int16))
    with pytest.raises(InputError, match="made for other features"):
        FeatureFolder(tmp_path / "out", "train")


def test_dropped_clips_are_left_out_and_an_empty_split_is_an_error(tmp_path):
    run(make_corpus(tmp_path / "corpus", n_clips=4), tmp_path / "out")
    (tmp_path / "out" / "dropped.jsonl").write_text('{"id": "0", "reason": "bad"}\n')
    assert [row["id"] for row in FeatureFolder(tmp_path / "out", "train").rows] == ["1"]
    with pytest.raises(InputError, match="no utterances in split 'test'"):
        FeatureFolder(tmp_path / "out", "test")
    with pytest.raises(InputError, match="no complete features here"):
        FeatureFolder(tmp_path, "train")


def test_a_text_with_a_line_separator_stays_one_row(tmp_path):
    manifest = make_corpus(tmp_path / "corpus", n_clips=3)
    rows = read_rows(manifest)
    rows[0]["text"] = "one\u2028two\x85three"
    run(write_manifest(manifest.parent, rows), tmp_path / "out")
    assert FeatureFolder(tmp_path / "out", "train").rows[0]["text"] == rows[0]["text"]


ROW = {"id": "a", "audio": "a.wav", "text": "A"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "the manifest is empty"),
        (["{"], "line 1: no JSON object"),
        ([json.dumps(ROW), "7"], "line 2: 7 is no JSON object"),
        ([json.dumps({"id": "a", "text": "A"})], "line 1: audio missing"),
        ([json.dumps(ROW | {"text": 5})], "line 1: text missing, or no text"),
        ([json.dumps(ROW), "", json.dumps(ROW)], "line 3: the id 'a' comes twice"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_line(tmp_path, lines, message):
    path = tmp_path / "manifest.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=message):
        read_manifest(path)


def test_a_manifest_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such manifest"):
        read_manifest(tmp_path / "manifest.jsonl")
    (tmp_path / "manifest.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no UTF-8"):
        read_manifest(tmp_path / "manifest.jsonl")


def test_padding_fills_the_ends():
    padded = pad([np.array([[1, 2]]), np.array([[3, 4], [5, 6]])], 9)
    assert padded.tolist() == [[[1, 2], [9, 9]], [[3, 4], [5, 6]]]

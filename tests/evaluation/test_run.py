import json
import math

import numpy as np
import pytest
import soundfile as sf
from pydantic import ValidationError

pytest.importorskip("torchaudio")
pytest.importorskip("matplotlib")

from tts.errors import InputError
from tts.evaluation.copy_synthesis import compute_mel, copy_mel, find_held_out
from tts.evaluation.report import read_report
from tts.evaluation.run import EvaluationConfig, evaluate_audio, evaluate_copies, evaluate_voice


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("One two.\n...\nThree.\n")
    return path


def test_speaking_scoring_and_reporting_work_together(tts, texts, tmp_path, listeners):
    config = EvaluationConfig(out=tmp_path / "out", texts=texts, seeds=(1, 2))
    heard = ["one two", "free", "one", "three"]
    report = evaluate_voice(tts, config, listeners(heard))
    assert read_report(tmp_path / "out" / "report.json") == report
    assert [line.words.errors for line in report.lines] == [0, 1, 1, 1, 1, 0]
    assert report.totals.n_failed == 2
    assert report.totals.mos == 4.0
    assert report.voice["name"] == tts.voice.config.name
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json",
        "overview.png",
        "worst.png",
        "seed_1",
        "seed_2",
    }
    assert (tmp_path / "out" / "worst.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_audio_gives_the_same_scores_without_speaking(tts, tmp_path, listeners):
    texts = tmp_path / "lines.txt"
    texts.write_text("One two.\nThree.\n")
    heard = ["one two", "free"]
    spoken = evaluate_voice(tts, EvaluationConfig(out=tmp_path / "a", texts=texts), listeners(heard))
    config = EvaluationConfig(out=tmp_path / "b", texts=texts, audio=tmp_path / "a")
    scored = evaluate_audio(config, listeners(heard))
    assert scored.totals == spoken.totals
    assert scored.lines == spoken.lines


def test_a_speaker_whom_the_voice_has_not_is_refused_before_anything_is_spoken(tts, texts, tmp_path, listeners):
    with pytest.raises(InputError, match=r"speaker 'carl': voice .* has one speaker"):
        evaluate_voice(tts, EvaluationConfig(out=tmp_path / "out", texts=texts, speaker="carl"), listeners([]))
    assert not (tmp_path / "out").exists()


def test_a_test_set_that_cannot_be_spoken_is_refused(tts, tmp_path, listeners):
    (tmp_path / "lines.txt").write_text("...\n")
    with pytest.raises(InputError, match="no line could be spoken"):
        evaluate_voice(tts, EvaluationConfig(out=tmp_path / "out", texts=tmp_path / "lines.txt"), listeners([]))


@pytest.mark.parametrize("place", ["file", "file/out"])
def test_a_folder_that_cannot_be_made_is_refused(place, tts, texts, recordings, tmp_path, listeners):
    (tmp_path / "file").write_text("")
    config = EvaluationConfig(out=tmp_path / place, texts=texts, audio=recordings)
    with pytest.raises(InputError, match="no folder can be made"):
        evaluate_voice(tts, config, listeners([]))
    with pytest.raises(InputError, match="no folder can be made"):
        evaluate_audio(config, listeners([]))
    with pytest.raises(InputError, match="no folder can be made"):
        evaluate_copies(tts, recordings, config, None)


def test_a_test_set_must_be_named(tts, tmp_path, listeners):
    with pytest.raises(InputError, match="--texts"):
        evaluate_voice(tts, EvaluationConfig(out=tmp_path / "out"), listeners([]))


def test_settings_that_are_absurd_are_refused(tmp_path):
    for setting in ({"limit": 0}, {"temperature": -1}, {"speed": 100}, {"n_threads": 0}):
        with pytest.raises(ValidationError):
            EvaluationConfig(out=tmp_path, **setting)


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for index, hz in enumerate((150, 220, 330)):
        time = np.arange(16_000) / 32_000
        sf.write(folder / f"{index}.flac", 0.3 * np.sin(2 * np.pi * hz * time), 32_000)
    return folder


def test_copies_are_as_long_as_their_recordings_and_scored(tts, recordings, tmp_path, listeners):
    out = tmp_path / "out"
    report = evaluate_copies(tts, recordings, EvaluationConfig(out=out, limit=2), listeners([]).quality)
    assert (report.n_files, report.mos_recording, report.mos_copy, report.mos_loss) == (2, 4.0, 4.0, 0.0)
    assert math.isfinite(report.mel_distance)
    assert json.loads((out / "report.json").read_text())["lines"][0]["file"].endswith("0.flac")
    for name in ("0001.wav", "0002.wav"):
        recording, copy = (sf.read(out / folder / name) for folder in ("recordings", "copies"))
        assert recording[1] == copy[1] == tts.sample_rate
        assert len(recording[0]) == len(copy[0]) == tts.sample_rate // 2
    assert (out / "copies.png").exists()


def test_copies_need_no_quality_predictor(tts, recordings, tmp_path):
    report = evaluate_copies(tts, recordings, EvaluationConfig(out=tmp_path / "out", limit=1), None)
    assert report.mos_loss is None


def test_the_copy_of_a_mel_has_one_hop_for_each_frame(tts):
    mel = np.full((37, tts.voice.config.vocoder.n_mels), -4.0, np.float32)
    assert len(copy_mel(tts, mel)) == 37 * tts.voice.config.vocoder.hop_length
    assert compute_mel(np.zeros(2560, np.float32), tts.voice.config.vocoder).shape == (2560 // 256, mel.shape[1])


def test_a_manifest_gives_its_test_split(recordings):
    rows = [{"id": str(i), "audio": f"{i}.flac", "text": "x", "split": "test" if i else "train"} for i in range(3)]
    manifest = recordings / "manifest.jsonl"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    assert [path.name for path in find_held_out(manifest, None)] == ["1.flac", "2.flac"]
    assert [path.name for path in find_held_out(recordings, 1)] == ["1.flac"]


def test_nothing_to_copy_is_refused(tmp_path):
    with pytest.raises(InputError, match="no audio files"):
        find_held_out(tmp_path, None)
    with pytest.raises(InputError, match="no such folder"):
        find_held_out(tmp_path / "missing", None)

"""`tts score`, and what `tts say` does with likelihoods."""

import json

import numpy as np
import pytest
import soundfile as sf

from tts import TTS, SamplingConfig
from tts.inference.best_of import best_of
from tts.inference.scoring import score

TEXT = "Hello there, world. It is here."


@pytest.fixture(scope="module")
def take(hearing_voice, tmp_path_factory):
    """A file in which the tiny voice says TEXT."""
    path = tmp_path_factory.mktemp("takes") / "take.wav"
    TTS.load(hearing_voice).synthesize(TEXT, SamplingConfig(seed=1)).save(path)
    return path


def test_json_is_what_the_library_says(run, hearing_voice, take):
    result = run("score", take, "--text", TEXT, "--voice", hearing_voice, "--json")
    assert result.status == 0, result.err
    row = json.loads(result.out)
    expected = score(TTS.load(hearing_voice), *sf.read(take, dtype="float32"), TEXT)
    assert [word["text"] for word in row["words"]] == ["Hello", "there", "world", "It", "is", "here"]
    assert row["z"] == pytest.approx(expected.z, abs=0.01) and row["log_prob"] == pytest.approx(expected.mean_log_prob, abs=1e-3)
    assert row["words"][2]["z"] == pytest.approx(expected.words[2].z, abs=0.01)


def test_the_table_has_a_line_for_every_word(run, hearing_voice, take, tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    result = run("score", take, "-i", tmp_path / "text.txt", "--voice", hearing_voice)
    lines = result.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["word", "Hello", "there", "world", "It", "is", "here", "all"]


def test_the_pictures_show_something(run, hearing_voice, take, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    of_take, of_speech = tmp_path / "take.png", tmp_path / "speech.png"
    assert run("score", take, "--text", TEXT, "--voice", hearing_voice, "--png", of_take).status == 0
    assert run("say", TEXT, "-o", tmp_path / "a.wav", "--voice", hearing_voice, "--uncertainty-png", of_speech).status == 0
    assert image.imread(of_take).std() > 0.05 and image.imread(of_speech).std() > 0.05


def test_the_worst_clips_of_a_corpus_come_first(run, hearing_voice, take, tmp_path):
    sf.write(tmp_path / "short.wav", 0.1 * np.sin(np.arange(4_000)), 24_000)
    rows = [{"id": "fits", "audio": str(take), "text": TEXT}, {"id": "short", "audio": "short.wav", "text": TEXT}]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = ("score", "--corpus", tmp_path / "manifest.jsonl", "--voice", hearing_voice)
    everything, worst = run(*command), run(*command, "--worst", 1)
    first, second = map(json.loads, everything.out.splitlines())
    assert first["id"] == "fits" and isinstance(first["z"], float) and isinstance(first["suspicious"], list)
    assert "too long for the audio" in second["error"]
    assert json.loads(worst.out) == second
    assert "2 clips scored, 1 of them could not be" in worst.err


def test_the_best_of_several_takes_is_spoken(run, hearing_voice, tmp_path):
    path = tmp_path / "best.wav"
    assert run("say", TEXT, "-o", path, "--voice", hearing_voice, "--seed", 4, "--best-of", 3).status == 0
    best = best_of(TTS.load(hearing_voice), TEXT, SamplingConfig(seed=4), 3)
    best.save(tmp_path / "again.wav")
    assert path.read_bytes() == (tmp_path / "again.wav").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give AUDIO with its --text, or --corpus"),
        (("{take}", "--corpus", "x"), "give AUDIO"),
        (("{take}", "--text", " "), "nothing to speak"),
        (("{take}", "--text", "Hi.", "--png", "a.jpg"), ".png"),
        (("none.wav", "--text", "Hi."), "none.wav: cannot be read"),
        (("{noise}", "--text", "Hi."), "cannot be read as audio"),
        (("{silence}", "--text", "Hi."), "silent"),
        (("--corpus", "{take}", "--text", "Hi."), "--text does not go with --corpus"),
        (("--corpus", "none"), "none"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_a_line(run, hearing_voice, take, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise.wav").write_bytes(bytes(range(200)))
    sf.write(tmp_path / "silence.wav", np.zeros(24_000), 24_000)
    places = {"take": take, "noise": tmp_path / "noise.wav", "silence": tmp_path / "silence.wav"}
    result = run("score", *(argument.format(**places) for argument in arguments), "--voice", hearing_voice)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1, result.err
    assert result.out == b""


def test_a_voice_without_an_aligner_is_refused_in_a_line(run, tiny_voice, take):
    result = run("score", take, "--text", TEXT, "--voice", tiny_voice)
    assert result.status == 2 and "tts package --aligner RUN" in result.err and result.err.count("\n") == 1

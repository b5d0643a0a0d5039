"""`tts steer`, `tts dose`, and steering by `tts say`."""

import json
import shutil

import pytest
from toy_steering import toy_directions, write_prosody

from tts.models.steering import read_steering, write_steering


@pytest.fixture
def voice(tiny_voice, tmp_path):
    """The tiny voice with toy directions."""
    folder = tmp_path / "voice"
    shutil.copytree(tiny_voice, folder)
    write_steering(folder / "steering.safetensors", toy_directions())
    return folder


def test_directions_are_learned_and_calibrated_on_the_voice(run, tiny_voice, tmp_path):
    features, path = write_prosody(tmp_path / "features", centre=1.0), tmp_path / "made" / "steering.safetensors"
    result = run("steer", features, tiny_voice, "-o", path, "--min-tokens", 10)
    assert result.status == 0 and "learned from 54 utterances" in result.err and "semitones" in result.err
    made = read_steering(path)
    assert made.facts.n_calibrated > 0 and made.templates.shape[1] == 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--steer", "pich=1"), "--steer pich=1: unknown name 'pich': did you mean pitch?"),
        (("--steer", "pitch=9"), "--steer pitch=9: pitch = 9: out of range; take -3 to 3"),
        (("--steer", "pitch"), "--steer pitch: 'pitch' sets nothing: write name=number"),
        (("--steer", "pitch=x"), "no number; take -3 to 3"),
        (("--steer", "pitch=1", "--steer", "pitch=2"), "--steer pitch=2: pitch is set twice"),
        (("--sigma", "4"), "--sigma 4.0: out of range; take 0 to 3"),
        (("--steer", "rate=1"), "voice 'tiny' has no steering"),
    ],
)
def test_wrong_steering_is_refused_in_a_line(say, tmp_path, options, said):
    result = say("Hello.", "-o", tmp_path / "hello.wav", *options)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_is_asked_for_is_heard_in_one_file_and_in_many(run, voice, tmp_path):
    def raw(text, *options):
        result = run("say", text, "--raw", "--seed", 1, "--voice", voice, *options)
        assert result.status == 0, result.err
        return result.out

    plain, steered = raw("Hello."), raw("Hello.", "--steer", "pitch=+1.5", "--steer", "energy=-0.5", "--sigma", 1.2)
    assert steered != plain and len(steered) == len(plain)
    assert raw("[Hello.]{pitch=1.5 energy=-0.5 sigma=1.2}") != plain
    assert len(raw("Hello.", "--steer", "rate=3")) < len(plain)
    (tmp_path / "lines.txt").write_text("Hello.\n[Hello]{pich=1}.\n[Hello]{rate=-3}.\n")
    result = run("say", "--lines", "-i", tmp_path / "lines.txt", "-d", tmp_path / "out", "--voice", voice, "--steer", "rate=3")
    assert result.status == 2 and "did you mean pitch" in result.err
    rows = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert rows[2]["seconds"] > rows[0]["seconds"] and "error" in rows[1]


def test_lines_are_refused_before_the_first_when_the_voice_cannot_be_steered(say, tmp_path):
    (tmp_path / "lines.txt").write_text("Hello.\nThere.\n")
    result = say("--lines", "-i", tmp_path / "lines.txt", "-d", tmp_path / "out", "--steer", "rate=1")
    assert result.status == 2 and "has no steering" in result.err and result.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_measured_is_refused(run, tiny_voice, tmp_path):
    (tmp_path / "texts.txt").write_text("Hello.\n")
    for options, said in (
        (("--texts", tmp_path / "none.txt"), "none.txt: no such file"),
        (("--texts", tmp_path / "texts.txt"), "voice 'tiny' has no steering"),
    ):
        result = run("dose", tiny_voice, *options)
        assert result.status == 2 and said in result.err and result.err.count("\n") == 1


@pytest.mark.slow
def test_doses_are_measured(run, voice, tmp_path):
    (tmp_path / "texts.txt").write_text("Hello there, world.\nNot this.\n")
    result = run("dose", voice, "--texts", tmp_path / "texts.txt", "--limit", 1, "-o", tmp_path / "dose.json")
    assert result.status == 0 and result.out.decode().count("Spearman pooled") == 4
    figures = json.loads((tmp_path / "dose.json").read_text())
    energy = next(row for row in figures["responses"] if row["direction"] == "energy")
    assert energy["spearman_mean"] > 0.9 and len(figures["doses"]) == 4 * 7

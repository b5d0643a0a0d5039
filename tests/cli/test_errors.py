"""What users get wrong: one line that names the value, exit status 2, and no file left behind."""

import json
import pickle
import shutil
import subprocess
import sys

import pytest

from tts.cli import _missing_extra


def refused(result, *parts):
    """Whether a command ended with one clear line that holds the parts."""
    assert result.status == 2 and result.out == b""
    assert result.err.startswith("tts: error: ") and result.err.count("\n") == 1, result.err
    for part in parts:
        assert part in result.err
    return True


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--speed", "nan", "take 0.25 to 4"),
        ("--speed", "0", "take 0.25 to 4"),
        ("--speed", "abc", "'abc'"),
        ("--temperature", "99", "take 0 to 2"),
        ("--temperature", "-inf", "take 0 to 2"),
        ("--seed", "-3", "take 0 to 9223372036854775807"),
        ("--top-k", "0", "take 1 to 9223372036854775807"),
        ("--top-p", "1.5", "take 0 to 1"),
        ("--seed", "1.5", "1.5"),
        ("--pause", "inf", "take 0 to 10"),
        ("--pause", "1e9", "take 0 to 10"),
        ("--threads", "0", "got '0'"),
        ("--backend", "abacus", "onnx or torch"),
        ("--timestamps", "a.doc", ".json, .srt, .vtt"),
        ("--mel-png", "a.jpg", ".png"),
        ("--lexicon", "none.tsv", "cannot read"),
        ("--frobnicate", "1", "No such option"),
        ("-d", "out", "--lines"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(say, tmp_path, monkeypatch, option, value, said):
    monkeypatch.chdir(tmp_path)
    assert refused(say("Hello.", "-o", "a.wav", *((f"{option}={value}",) if option.startswith("--") else (option, value))), said)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_output_is_refused(say, tmp_path):
    assert refused(say("Hello.", "-o", tmp_path / "a.doc"), "a.doc", ".flac")
    assert refused(say("Hello.", "-o", tmp_path), str(tmp_path), "folder")
    assert refused(say("Hello.", "-o", tmp_path / "none" / "a.wav"), "there is no folder")
    assert refused(say("Hello.", "-o", "/dev/null"), "no ordinary file")
    assert refused(say("Hello.", "--raw", "-o", tmp_path / "a.wav"), "--raw")
    same = tmp_path / "a.png"
    assert refused(say("Hello.", "-o", tmp_path / "a.wav", "--mel-png", same, "--timestamps", same), "two outputs")
    assert list(tmp_path.iterdir()) == []


def test_audio_is_not_written_to_a_terminal(say, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert refused(say("Hello.", "-o", "-"), "terminal", "-o FILE")


@pytest.mark.parametrize("text", ["", " ", "...", "\u200b", "[pause:1]", "[pause:1e9] Hello.", "[word](/12/)"])
def test_a_text_without_speech_is_refused(say, tmp_path, text):
    assert refused(say(text, "-o", tmp_path / "a.wav"))
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_input_is_refused(say, run, tmp_path, monkeypatch):
    output = tmp_path / "a.wav"
    binary = tmp_path / "binary"
    binary.write_bytes(b"ab\xff\xfe")
    assert refused(say("-i", tmp_path, "-o", output), "is a folder")
    assert refused(say("-i", tmp_path / "none.txt", "-o", output), "none.txt", "No such file")
    assert refused(say("-i", binary, "-o", output), "0xff at 2", "UTF-8")
    assert refused(say("-o", output, stdin=b"\xc0\xaf"), "stdin", "UTF-8")
    assert refused(say("Hi\udcff.", "-o", output), "TEXT", "UTF-8")
    assert refused(say("Hi.", "-i", binary, "-o", output), "give one of them")
    assert refused(say("Hello", "there", "-o", output), "there")
    assert refused(run("speak"), "speak", "tts --help")
    assert not output.exists()


def test_a_text_is_asked_for_when_stdin_is_a_terminal(run, monkeypatch):
    import io

    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("tts.cli.console.sys.stdin", terminal)
    from tts.cli.console import read_text
    from tts.errors import InputError

    with pytest.raises(InputError, match="give TEXT, -i FILE, or text on stdin"):
        read_text(None, None)


@pytest.fixture
def damaged(tiny_voice, tmp_path):
    return shutil.copytree(tiny_voice, tmp_path / "voice")


def say_with(run, voice, tmp_path):
    result = run("say", "Hello.", "--voice", voice, "-o", tmp_path / "a.wav")
    assert not (tmp_path / "a.wav").exists()
    return result


def test_an_unknown_voice_is_refused(run, tmp_path):
    for voice in ("nobody", "", "../nobody", "n" * 5000, tmp_path):
        assert refused(say_with(run, voice, tmp_path))


@pytest.mark.parametrize("file", ["model.safetensors", "step.onnx", "symbols.json"])
def test_a_flipped_bit_in_a_voice_is_found(run, damaged, tmp_path, file):
    data = bytearray((damaged / file).read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / file).write_bytes(data)
    assert refused(say_with(run, damaged, tmp_path), file, "damaged voice")


def test_a_missing_file_and_a_broken_config_are_found(run, damaged, tmp_path):
    (damaged / "vocode.onnx").unlink()
    assert refused(say_with(run, damaged, tmp_path), "vocode.onnx", "missing")
    (damaged / "config.json").write_text("{")
    assert refused(say_with(run, damaged, tmp_path), "config.json")
    (damaged / "config.json").write_text('{"name": 5}')
    assert refused(say_with(run, damaged, tmp_path), "config.json")


def test_a_pickle_in_the_place_of_weights_is_refused_even_with_its_hash(run, damaged, tmp_path):
    from tts.inference.voices import hash_file

    weights = damaged / "model.safetensors"
    weights.write_bytes(pickle.dumps({"acoustic.mel_mean": [0.0] * 100}) * 1000)
    assert refused(say_with(run, damaged, tmp_path), "damaged voice")
    config = json.loads((damaged / "config.json").read_text())
    config["sha256"]["model.safetensors"] = hash_file(weights)
    (damaged / "config.json").write_text(json.dumps(config))
    assert refused(say_with(run, damaged, tmp_path), "model.safetensors", "safetensors")


def test_a_missing_extra_is_named():
    for module, extra in (("torch.nn", "train"), ("matplotlib", "plot"), ("faster_whisper", "eval")):
        assert f"pip install 'calm-tts[{extra}]'" in _missing_extra(ModuleNotFoundError(name=module))
    with pytest.raises(ModuleNotFoundError):
        _missing_extra(ModuleNotFoundError(name="tts.nowhere"))


def test_a_missing_extra_ends_with_status_2_and_no_file(say, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert refused(say("Hello.", "-o", tmp_path / "a.wav", "--mel-png", tmp_path / "a.png"), "[plot]")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_and_a_closed_stdout_get_one_line(tiny_voice):
    command = f"{sys.executable} -m tts.cli say Hi. -o - --voice {tiny_voice}"
    for target, said in ((">/dev/full", "No space left"), (">&-", "stdout is closed")):
        process = subprocess.run(f"{command} {target}", shell=True, capture_output=True, text=True, check=False)
        assert process.returncode == 2 and said in process.stderr and process.stderr.count("\n") == 1


def test_a_message_cannot_command_the_terminal(run, tmp_path):
    result = run("info", "\x1b[31mred\x07")
    assert refused(result) and "\x1b" not in result.err and "\x07" not in result.err

"""`tts say`, one text."""

import json
import re
import signal
import time

import numpy as np
import pytest
import soundfile as sf

from tts import TTS, SamplingConfig
from tts.audio.io import UNKNOWN_BYTES

TEXT = "Hello there, world. It cost $4.75, I think."


def read_pcm(path):
    return sf.read(path, dtype="int16")[0]


def test_the_file_is_what_the_engine_synthesizes(say, tiny_voice, tmp_path):
    path, saved = tmp_path / "hello.wav", tmp_path / "saved.wav"
    result = say(TEXT, "-o", path, "--seed", 5, "--speed", 1.5, "--pause", 0.3, "--temperature", 0.5)
    assert result.status == 0 and result.out == b""
    speech = TTS.load(tiny_voice).synthesize(TEXT, SamplingConfig(seed=5, speed=1.5, pause=0.3, temperature=0.5))
    speech.save(saved)
    assert path.read_bytes() == saved.read_bytes()
    assert f"{speech.seconds:.2f} s of speech" in result.err


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("codebook", "has no codebook"),
        ("none.safetensors", "none.safetensors: no such file"),
        ("codebook:manhattan", "unknown word 'manhattan'"),
    ],
)
def test_mapping_to_what_is_not_there_is_refused_in_a_line(say, tmp_path, spec, said):
    result = say("Hello.", "-o", tmp_path / "hello.wav", "--map-to", spec)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "opus"])
def test_the_suffix_names_the_format(say, tmp_path, suffix):
    path, wav = tmp_path / f"hello.{suffix}", tmp_path / "hello.wav"
    assert say("Hello.", "-o", path, "--seed", 1).status == 0
    assert say("Hello.", "-o", wav, "--seed", 1).status == 0
    info = sf.info(path)
    assert info.format == {"flac": "FLAC", "mp3": "MP3", "ogg": "OGG", "opus": "OGG"}[suffix]
    assert abs(info.frames / info.samplerate - sf.info(wav).duration) < 0.08


def test_without_an_output_it_is_speech_wav_and_the_user_is_told(say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = say("Hello.")
    assert result.status == 0 and "speech.wav" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["speech.wav"]


def test_the_drawn_seed_is_told_and_gives_the_same_bytes_again(say, tmp_path):
    first, again, other = (tmp_path / f"{name}.wav" for name in "abc")
    seed = re.search(r"seed (\d+)", say(TEXT, "-o", first).err).group(1)
    say(TEXT, "-o", again, "--seed", seed)
    say(TEXT, "-o", other, "--seed", int(seed) + 1)
    assert first.read_bytes() == again.read_bytes() != other.read_bytes()


def test_the_stream_on_stdout_is_the_file(say, tmp_path):
    path = tmp_path / "hello.wav"
    say(TEXT, "-o", path, "--seed", 3)
    stream = say(TEXT, "-o", "-", "--seed", 3).out
    raw = say(TEXT, "--raw", "--seed", 3).out
    assert np.array_equal(np.frombuffer(raw, "<i2"), read_pcm(path))
    assert stream[44:] == raw
    header = np.frombuffer(stream[:44], "<u4")
    assert header[1] == header[10] == UNKNOWN_BYTES and header[6] == 24000


def test_text_comes_from_the_argument_a_file_or_stdin(say, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("\ufeffHello there.\n", encoding="utf-8")
    by_argument = say("Hello there.", "--raw", "--seed", 1).out
    assert len(by_argument) > 10_000
    assert say("-i", file, "--raw", "--seed", 1).out == by_argument
    assert say("-", "--raw", "--seed", 1, stdin=b"Hello there.").out == by_argument
    assert say("--raw", "--seed", 1, stdin=b"Hello there.").out == by_argument
    assert say("-i", "-", "--raw", "--seed", 1, stdin=b"Hello there.").out == by_argument


def test_a_lexicon_and_another_speed_change_the_audio(say, tmp_path):
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("hello\tbˈɑnʒˌuɹ\n", encoding="utf-8")
    plain = say("Hello.", "--raw", "--seed", 1).out
    assert say("Hello.", "--raw", "--seed", 1, "--lexicon", lexicon).out != plain
    assert len(say("Hello.", "--raw", "--seed", 1, "--speed", 0.5).out) > 1.6 * len(plain)


def test_what_is_not_spoken_is_reported(say, tmp_path):
    result = say("Hello \x01world.", "-o", tmp_path / "a.wav")
    assert result.status == 0 and "not spoken: U+0001 (1)" in result.err


def test_timestamps_are_ordered_inside_the_audio_and_agree(say, tmp_path):
    audio = tmp_path / "a.wav"
    times = [tmp_path / f"a.{suffix}" for suffix in ("json", "srt", "vtt")]
    options = [part for path in times for part in ("--timestamps", path)]
    assert say(TEXT, "-o", audio, *options).status == 0
    row = json.loads(times[0].read_text())
    assert row["seconds"] == pytest.approx(sf.info(audio).duration, abs=1e-3)
    borders = [value for word in row["words"] for value in (word["start"], word["end"])]
    assert borders == sorted(borders) and borders[0] >= 0 and borders[-1] <= row["seconds"]
    assert [word["text"] for word in row["words"]][:4] == ["Hello", "there", "world", "It"]
    cues = re.findall(r"([\d:,]+) --> ([\d:,]+)\n(.+)", times[1].read_text())
    assert [cue[2] for cue in cues] == ["Hello there, world.", "It cost $4.75, I think."]
    web = re.findall(r"([\d:.]+) --> ([\d:.]+)\n(.+)", times[2].read_text())
    assert web == [(start.replace(",", "."), end.replace(",", "."), text) for start, end, text in cues]


def test_the_picture_shows_the_speech(say, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.png"
    assert say(TEXT, "-o", tmp_path / "a.wav", "--mel-png", path).status == 0
    from matplotlib import image

    assert image.imread(path).std() > 0.05


def test_both_backends_speak_the_same(say):
    onnx, torch = (say("Hello.", "--raw", "--seed", 1, "--backend", kind) for kind in ("onnx", "torch"))
    a, b = (np.frombuffer(result.out, "<i2").astype(int) for result in (onnx, torch))
    assert len(a) == len(b) and np.abs(a - b).max() <= 8


def test_a_closed_pipe_ends_quietly(start, tiny_voice, tmp_path):
    text = tmp_path / "long.txt"
    text.write_text("This is one more sentence of a long text. " * 2000)
    process = start("say", "-i", text, "-o", "-", "--voice", tiny_voice)
    assert process.stdout.read(100)[:4] == b"RIFF"  # and 1,900 sentences are still to come
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == b""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_file_behind(start, tiny_voice, tmp_path, number, status):
    text, folder = tmp_path / "long.txt", tmp_path / "out"
    text.write_text("This is one more sentence of a long text. " * 2000)
    folder.mkdir()
    process = start("say", "-i", text, "-o", folder / "a.wav", "--voice", tiny_voice)
    deadline = time.monotonic() + 20
    while not list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(20) == status
    assert list(folder.iterdir()) == []
    assert process.stderr.read() in (b"tts: interrupted\n", b"")

"""`tts prepare`, `tts align`, `tts train`, `tts package`: from tones to a voice."""

import json
import re

import numpy as np
import pytest
import soundfile as sf
from toy_steering import toy_directions

from tts.cli import train as commands
from tts.models.steering import write_steering

SAMPLE_RATE, HOP = 24_000, 256
TINY_ENCODER = "{ width = 16, n_heads = 2, hidden = 32, n_blocks = 1, n_conv_blocks = 1 }"
RECIPES = {
    "aligner": "[task]\nsteps = 2\nmin_score = -1000.0\nmax_token_seconds = 9.0\n",
    "vocoder": "[model]\nwidth = 16\nhidden = 32\nn_blocks = 1\nlookahead = 2\n"
    "[task]\nsteps = 2\nbatch_size = 2\nsegment_frames = 16\n",
    "acoustic": f"[model]\nencoder = {TINY_ENCODER}\nhead = {{ hidden = 16 }}\nconditioner_blocks = 1\nbackbone_blocks = 1\n"
    "n_heads = 2\nhidden = 32\nwindow = 8\n[task]\nsteps = 2\nbatch_frames = 200\n",
}


def write_corpus(folder):
    """Four clips of a tone, and one that is missing."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    rows = []
    for index in range(4):
        n_frames = 60 + 5 * index
        time = np.arange(n_frames * HOP) / SAMPLE_RATE
        audio = sum(0.2 * np.cos(2 * np.pi * 200 * k * time) / k for k in range(1, 8)) + rng.normal(0, 0.01, len(time))
        sf.write(folder / f"{index}.wav", audio, SAMPLE_RATE)
        np.save(folder / f"{index}.npy", np.full(n_frames, 200, np.float32))
        row = {"id": str(index), "audio": f"{index}.wav", "f0": f"{index}.npy", "text": "Oh.", "phonemes": "ˈOlˈO."}
        rows.append(row | {"split": "valid" if index == 3 else "train"})
    rows.append({"id": "lost", "audio": "lost.wav", "text": "Oh."})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "manifest.jsonl"


@pytest.fixture
def recipes(tmp_path):
    """Recipes over the features in tmp_path."""
    paths = {}
    for kind, text in RECIPES.items():
        where = f'features = "{tmp_path}/features"\nout = "{tmp_path}/{kind}"\n'
        paths[kind] = tmp_path / f"{kind}.toml"
        paths[kind].write_text(where + text + "[train]\nlog_every = 1\nvalidate_every = 2\npicture_every = 9\n")
    return paths


def test_recordings_become_a_voice_that_speaks(run, recipes, tmp_path):
    features, voice = tmp_path / "features", tmp_path / "voice"
    result = run("prepare", write_corpus(tmp_path / "corpus"), "-o", features, "--workers", 1)
    assert result.status == 0 and "4 of 5 clips" in result.err and "rejected.jsonl" in result.err

    result = run("align", recipes["aligner"], "--threads", 1)
    assert result.status == 0 and re.search(r"4 utterances aligned, 0 dropped .*dropped.jsonl", result.err)
    assert (features / "durations.npy").exists()

    for kind in ("vocoder", "acoustic"):
        result = run("train", kind, recipes[kind], "--threads", 1)
        assert result.status == 0 and "a run of 2 steps begins" in result.err
        assert re.search(r"step 1: loss [\d.]+, [\d,]+ frames/s", result.err) and "done, 2 steps" in result.err
    again = run("train", "acoustic", recipes["acoustic"])
    assert again.status == 0 and "all 2 steps were taken before" in again.err
    further = run("train", "acoustic", recipes["acoustic"], "--set", "task.steps=3", "--set", "train.log_every=1")
    assert further.status == 0 and "goes on from step 2" in further.err and "step 3: loss" in further.err
    other = run("train", "acoustic", recipes["acoustic"], "--set", "model.hidden=16", "--set", "task.steps=9")
    assert other.status == 2 and "holds a run of another model" in other.err

    (tmp_path / "card.md").write_text("# card\n")
    about = ("--name", "tone", "--license", "CC0-1.0", "--summary", "A tone.", "--temperature", 0.2)
    package = ("package", tmp_path / "acoustic", tmp_path / "vocoder", "-o", voice, *about)
    run("codebook", features, "-o", tmp_path / "book.safetensors", "--size", 8)
    assert run(*package, "--card", tmp_path / "card.md", "--codebook", tmp_path / "book.safetensors").status == 0
    assert run("say", "Oh.", "--voice", voice, "--raw", "--map-to", "codebook:cosine").status == 0
    write_steering(tmp_path / "corpus" / "wrong.safetensors", toy_directions())
    refused = run(*package, "--steering", tmp_path / "corpus" / "wrong.safetensors")
    assert refused.status == 2 and "made for 20 bands" in refused.err
    write_steering(tmp_path / "corpus" / "steering.safetensors", toy_directions(n_bands=100))
    assert run(*package, "--steering", tmp_path / "corpus" / "steering.safetensors").status == 0
    assert run("say", "Oh.", "--voice", voice, "--raw", "--steer", "energy=1").status == 0
    assert run(*package, "--aligner", tmp_path / "aligner").status == 0, "a voice may be replaced, and its card stays"
    scored = run("score", tmp_path / "corpus" / "0.wav", "--text", "Oh.", "--voice", voice, "--json")
    assert scored.status == 0 and isinstance(json.loads(scored.out)["z"], float), scored.err
    row = json.loads(run("info", voice, "--json").out)
    assert (row["config"]["name"], row["config"]["temperature"], row["card_text"]) == ("tone", 0.2, "# card\n")
    assert run("say", "Oh.", "--voice", voice, "--raw").status == 0
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"book.safetensors", "corpus", "features", "aligner", "vocoder", "acoustic", "voice", "card.md"} | {
        f"{kind}.toml" for kind in RECIPES
    }


def test_an_interrupt_tells_how_training_goes_on(run, recipes, tmp_path, monkeypatch):
    run("prepare", write_corpus(tmp_path / "corpus"), "-o", tmp_path / "features", "--workers", 1)

    def interrupt(batch):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "count_frames", interrupt)
    result = run("train", "aligner", recipes["aligner"])
    assert result.status == 130 and "stopped before the first checkpoint" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "vocoder", "none.toml"), "none.toml: cannot be read"),
        (("train", "vocoder", "vocoder.toml"), "`tts prepare` makes them"),
        (("train", "singer", "vocoder.toml"), "singer"),
        (("train", "vocoder", "vocoder.toml", "--set", "model.widht=3"), "model.widht"),
        (("train", "vocoder", "vocoder.toml", "--set", "model.width=-3"), "model.width = -3"),
        (("train", "vocoder", "vocoder.toml", "--set", "width"), "section.key=value"),
        (("train", "vocoder", "vocoder.toml", "--device", "abacus"), "--device abacus"),
        (("align", "vocoder.toml"), "vocoder.toml"),
        (("prepare", "none.jsonl", "-o", "features"), "none.jsonl: no such manifest"),
        (("prepare", "lost.jsonl", "-o", "features", "--workers", "1"), "no clip could be used"),
        (("package", "a", "b", "-o", "voice"), "Missing option"),
    ],
)
def test_mistakes_get_one_line(run, recipes, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lost.jsonl").write_text('{"id": "lost", "audio": "lost.wav", "text": "Oh."}\n')
    result = run(*arguments)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-o", "none/voice"), "there is no folder none"),
        (("-o", "file"), "file: is a file"),
        (("-o", "."), "no voice"),
        (("-o", "voice", "--temperature", "nan"), "--temperature nan"),
        (("-o", "voice", "--card", "none.md"), "--card none.md"),
        (("-o", "voice", "--codebook", "none.safetensors"), "--codebook none.safetensors"),
        (("-o", "voice", "--codebook", "file"), "file:"),
        (("-o", "voice", "--steering", "none.safetensors"), "--steering none.safetensors"),
        (("-o", "voice"), "acoustic: no config.json here"),
    ],
)
def test_package_refuses_what_it_cannot_make(run, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    result = run("package", "acoustic", "vocoder", "--name", "a", "--license", "b", "--summary", "c", *options)
    assert result.status == 2 and said in result.err and result.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

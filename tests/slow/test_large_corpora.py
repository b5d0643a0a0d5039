"""Corpora at length: a thousand clips, kills in the middle, a million rows, and the recipes on corpora in their exact layouts."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import million_rows
import pytest
import toy_speech as toy
from damage import make_damaged
from test_damage import check

from tts.cli import main
from tts.data.corpora import open_corpus
from tts.data.dataset import FeatureFolder
from tts.data.prepare import prepare

ROOT = Path(__file__).parents[2]
N_KILLS = 8
SCRIPT = """
import sys
from pathlib import Path
from tts.data import plan
from tts.data.prepare import prepare
plan.SHARD_PIECES = 2
for _ in prepare(sys.argv[1], Path(sys.argv[2]), workers=2):
    pass
"""
SMALL = {
    "aligner": ["task.steps=4", "task.min_score=-1e9", "task.max_token_seconds=9.0", "train.validate_every=2"],
    "vocoder": ["task.steps=2", "task.batch_size=2", "model.width=16", "model.hidden=32", "model.n_blocks=1"],
    "acoustic": ["task.steps=2", "task.batch_frames=400", "model.backbone_blocks=1", "model.conditioner_blocks=1"],
}


@pytest.mark.slow
def test_of_a_thousand_clips_every_damaged_one_is_named_and_no_other(tmp_path):
    expected = make_damaged(tmp_path / "corpus", 1_000, 50)
    check(tmp_path / "corpus", tmp_path / "out", expected, 1_000, workers=2)
    assert len(set(expected.values())) >= 12


def start(corpus: Path, out: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(corpus), str(out)], env=environment)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def children_of(process: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{process}/task").glob("*/children") for child in path.read_text().split()]


@pytest.mark.slow
def test_killed_preparations_go_on_and_end_with_the_same_folder(tmp_path):
    corpus = toy.make_folder(tmp_path / "corpus", 100)
    assert start(corpus, tmp_path / "whole").wait() == 0
    rng, out = random.Random(0), tmp_path / "killed"
    for number in range(N_KILLS):
        process = start(corpus, out)
        deadline = time.monotonic() + 300
        pieces = set(out.rglob("*.npz"))
        while set(out.rglob("*.np[yz]")) <= pieces and process.poll() is None:
            assert time.monotonic() < deadline, "nothing is made"
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.3))
        workers = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if number == 0:
            while any(Path(f"/proc/{worker}").exists() for worker in workers):
                assert time.monotonic() < deadline, "the workers outlive their parent"
                time.sleep(0.1)
    assert start(corpus, out).wait() == 0
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["manifest", "features"])
def test_memory_stays_flat_over_a_million_rows(tmp_path, what):
    {"manifest": million_rows.make_manifest, "features": million_rows.make_features}[what](tmp_path)
    command = [sys.executable, million_rows.__file__, what, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout)["highest"] <= 50, done.stdout


MAKERS = {
    "ljspeech": (toy.make_ljspeech, ""),
    "libritts": (toy.make_libritts, "103"),
    "vctk": (toy.make_vctk, ""),
}  # the last with all its speakers


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKERS)
def test_a_corpus_in_its_exact_layout_becomes_a_voice_by_its_recipe(tmp_path, name):
    make, speaker = MAKERS[name]
    corpus, features, voice = make(tmp_path / "corpus", 60), tmp_path / "features", tmp_path / "voice"
    assert main(["prepare", str(corpus), "-o", str(features), "--workers", "2", "--speaker", speaker]) == 0
    assert main(["validate", str(features)]) == 0
    speakers = FeatureFolder(features, "train").speakers
    assert speakers == (["p225", "p226"] if name == "vctk" else [speaker])

    def settings(kind: str) -> list[str]:
        places = [f"features={features}", f"out={tmp_path / kind}"]
        return [word for setting in (*places, *SMALL[kind]) for word in ("--set", setting)]

    recipes = ROOT / "recipes" / name
    assert main(["align", str(recipes / "aligner.toml"), "--threads", "1", *settings("aligner")]) == 0
    assert main(["validate", str(features)]) == 0
    for kind in ("vocoder", "acoustic"):
        assert main(["train", kind, str(recipes / f"{kind}.toml"), "--threads", "1", *settings(kind)]) == 0
    facts = ["--name", name, "--license", "CC0-1.0", "--summary", "Tones."]
    assert main(["package", str(tmp_path / "acoustic"), str(tmp_path / "vocoder"), "-o", str(voice), *facts]) == 0
    chosen = ["--speaker", speakers[1]] if len(speakers) > 1 else []
    assert main(["say", "Hello.", "--voice", str(voice), "-o", str(tmp_path / "hello.wav"), *chosen]) == 0
    assert (tmp_path / "hello.wav").stat().st_size > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hifitts", "commonvoice"])
def test_our_reader_reads_what_lhotses_recipe_reads(tmp_path, name):
    folder = {"hifitts": toy.make_hifitts, "commonvoice": toy.make_commonvoice}[name](tmp_path / "corpus")
    theirs = set()
    for clip in open_corpus(str(folder), f"lhotse:{name}").clips():
        theirs.add(Path(clip.audio).resolve())
    assert {clip.audio.resolve() for clip in open_corpus(str(folder)).clips()} == theirs


@pytest.mark.slow
def test_prepared_shards_are_the_same_however_many_processes_make_them(tmp_path):
    corpus = toy.make_folder(tmp_path / "corpus", 70)
    for workers in (1, 3):
        list(prepare(corpus, tmp_path / f"out{workers}", workers=workers))
    assert contents(tmp_path / "out1") == contents(tmp_path / "out3")

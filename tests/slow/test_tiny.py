"""The recipe that runs the whole pipeline: stages leave their files, losses fall, the voice speaks for a plausible time."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

LOSSES = (("aligner", "valid/loss", 0.95), ("vocoder", "train/loss_stft", 0.8), ("acoustic", "train/loss_mean", 0.8))
RECIPE = Path(__file__).parents[2] / "recipes" / "tiny" / "run.py"


def series(run: Path, name: str) -> list[float]:
    rows = [json.loads(line) for line in (run / "progress.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row[name] for row in rows if name in row]


@pytest.mark.slow
def test_the_tiny_recipe_makes_a_voice_that_speaks(tmp_path):
    out = tmp_path / "tiny"
    done = subprocess.run([sys.executable, str(RECIPE), "--out", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]

    index = (out / "features" / "index.jsonl").read_text(encoding="utf-8").strip().split("\n")
    dropped = (out / "features" / "dropped.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(index) >= 200 and len(dropped) < len(index) / 10
    for kind, name, factor in LOSSES:
        assert {"checkpoint.pt", "config.json"} <= {path.name for path in (out / kind).iterdir()}
        losses = series(out / kind, name)
        assert losses[-1] < factor * losses[0], f"{kind}: {losses}"

    names = {path.name for path in (out / "voice").iterdir()}
    assert {"config.json", "symbols.json", "model.safetensors", "step.onnx", "vocode.onnx"} <= names
    audio, sample_rate = sf.read(out / "hello.wav")
    assert sample_rate == 24_000 and np.isfinite(audio).all()
    assert 1 < len(audio) / sample_rate < 8, "seconds, for seven words"
    assert 0.003 < np.sqrt(np.mean(audio**2)) < 0.5, "neither silence nor a roar"

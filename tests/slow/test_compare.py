"""`tts compare` on toy arms: killed while it runs, it goes on and repeats no finished stage; at last the report is there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "evaluation" / "compare"))


def command(study: Path, out: Path) -> list[str]:
    only = ["--only", "pair", "--only", "mapped"]  # and what they need: plain and the codebook
    return [sys.executable, "-m", "tts.cli", "compare", str(study), "-o", str(out), "--asr", "none", "--workers", "2", *only]


def wait_for(path: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 240
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_and_reports(tmp_path, tiny_voice):
    from toy_study import make_features, write_study

    features = make_features(tmp_path / "tones")
    study, out = write_study(tmp_path, features, tiny_voice, snapshots=(0.5,)), tmp_path / "out"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    first = subprocess.Popen(command(study, out), env=environment, stderr=subprocess.DEVNULL)
    wait_for(out / "arms" / "plain" / "stages" / "train.json", first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(2)  # its children see that it is gone, and end
    finished = {path: path.stat().st_mtime_ns for path in out.glob("arms/*/stages/*.json")}
    assert finished

    done = subprocess.run(command(study, out), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert all(path.stat().st_mtime_ns == when for path, when in finished.items())
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert {arm["name"]: arm["status"] for arm in results["arms"]} == dict.fromkeys(("plain", "pair", "mapped"), "done")
    plain, pair, mapped = results["arms"]
    assert abs(pair["parameters"] / plain["parameters"] - 1) < 0.02
    assert [point["step"] for point in plain["points"]] == [2, 4]
    assert "mos" in mapped["differences"] and "nll" in pair["differences"]
    assert (out / "results.md").read_text(encoding="utf-8").startswith("# Toys")
    assert (out / "results" / "question_1.png").is_file()

"""`tts say --voice owner/name` as users call it: a hub named by the environment, then none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import REPOSITORY, hub_of


@pytest.mark.slow
def test_a_voice_of_the_hub_speaks_and_speaks_again_when_the_hub_has_gone(tiny_voice, tmp_path):
    def say(voice: str, name: str, endpoint: str = "http://127.0.0.1:9", **settings: str) -> subprocess.CompletedProcess:
        own = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": endpoint, "PYTHONPATH": str(root)}
        command = [sys.executable, "-m", "tts.cli", "say", "Hello.", "--seed", "1", "--voice", voice, "-o", name]
        return subprocess.run(command, cwd=tmp_path, env=os.environ | own | settings, capture_output=True, text=True, check=False)

    root = Path(__file__).parents[2]
    refused = say(REPOSITORY, "none.wav")
    assert refused.returncode == 2 and "the hub cannot be asked" in refused.stderr and refused.stderr.count("\n") == 1
    with hub_of(tiny_voice) as hub:
        assert say(REPOSITORY, "first.wav", hub.url).returncode == 0
        assert hub.asked
    for name, settings in (("second.wav", {}), ("third.wav", {"HF_HUB_OFFLINE": "1"})):
        again = say(REPOSITORY, name, **settings)
        assert again.returncode == 0 and "Fetching" not in again.stderr, again.stderr
    assert say(str(tiny_voice), "folder.wav").returncode == 0
    spoken = {(tmp_path / f"{name}.wav").read_bytes() for name in ("first", "second", "third", "folder")}
    assert len(spoken) == 1
    refused = say("someone/new", "none.wav", HF_HUB_OFFLINE="1")
    assert refused.returncode == 2 and "OfflineModeIsEnabled" in refused.stderr and refused.stderr.count("\n") == 1

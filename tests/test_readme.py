"""The README's blocks run, its picture and its tree exist, and the bundled voice is what the README says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tts.cli import app
from tts.inference.voices import BUNDLED, CARD_NAME, load_voice

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_VOICE_MB = 40


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def test_the_python_block_runs_as_it_is(tmp_path):
    (block,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "canoe.wav").stat().st_size > 50_000
    assert "'The'" in done.stdout


def test_the_first_command_speaks(tmp_path):
    command = blocks("sh")[0].strip().split("&&")[1]
    done = subprocess.run(
        [sys.executable, "-m", "tts.cli", *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "hello.wav").stat().st_size > 15_000


def test_every_command_that_is_shown_exists():
    known = {command.callback.__name__ for command in app.registered_commands}
    shown = set(
        re.findall(r"(?:^|[;&] |`)tts ([a-z]+)", "\n".join([*blocks("sh"), *re.findall(r"`tts .*?`", README)]), re.MULTILINE)
    )
    assert shown and shown <= known, shown - known


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!https?:).*?)\)", README))
def test_every_linked_file_exists(link):
    if not link.startswith("/"):  # a pronunciation
        assert (ROOT / link).is_file()


def test_every_room_of_the_tree_exists():
    (tree,) = blocks("")
    for line in tree.splitlines()[1:]:
        name = line.split()[0]
        assert (ROOT / "tts" / name if line.startswith("  ") else ROOT / name).exists(), name


@pytest.mark.parametrize("folder", sorted(path.parent for path in BUNDLED.glob("*/config.json")), ids=lambda path: path.name)
def test_a_bundled_voice_is_whole_light_and_has_a_card(folder):
    load_voice(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < MAX_VOICE_MB * 1e6
    card = (folder / CARD_NAME).read_text(encoding="utf-8")
    assert "Apache-2.0" in card and "hibari" in card and "@@" not in card

"""`tts text`, `tts voices`, `tts info`, and help."""

import json
import subprocess
import sys

import pytest

from tts.inference import voices


def test_text_shows_how_a_text_is_read(run):
    result = run("text", "Dr. Smith paid $5 \x01twice.")
    row = json.loads(result.out)
    assert result.status == 0 and list(row) == ["text", "normalized", "phonemes", "unknown"]
    assert row["normalized"].startswith("Doctor Smith paid five dollars") and row["unknown"] == {"\x01": 1}


def test_text_takes_lines_and_says_which_cannot_be_read(run, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("Naïve café.\n\n…\n5 km\n", encoding="utf-8")
    result = run("text", "-i", file, "--lines")
    rows = [json.loads(line) for line in result.out.decode().splitlines()]
    assert [row["text"] for row in rows] == ["Naïve café.", "…", "5 km"]
    assert "error" in rows[1] and rows[2]["normalized"] == "five kilometers"
    assert result.status == 2 and "tts: line 2: nothing to speak" in result.err


def test_text_knows_the_lexicon(run, tmp_path):
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("hello\tbˈɑnʒˌuɹ\n", encoding="utf-8")
    assert json.loads(run("text", "Hello.", "--lexicon", lexicon).out)["phonemes"] == "bˈɑnʒˌuɹ."


def test_voices_lists_what_is_bundled(run, tiny_voice, monkeypatch):
    monkeypatch.setattr(voices, "BUNDLED", tiny_voice.parent)
    assert run("voices").out == b"tiny\ten-us\tApache-2.0\tNoise for tests.\n"
    assert json.loads(run("voices", "--json").out)[0]["summary"] == "Noise for tests."
    assert run("say", "Hello.", "--raw", "--voice", "tiny").status == 0


def test_info_shows_figures_and_card(run, tiny_voice, tiny_acoustic):
    row = json.loads(run("info", tiny_voice, "--json").out)
    assert row["parameters"]["acoustic"] == sum(parameter.numel() for parameter in tiny_acoustic.parameters())
    assert row["bytes"] == sum(path.stat().st_size for path in tiny_voice.iterdir())
    assert row["config"]["license"] == "Apache-2.0" and row["card"] == str(tiny_voice / "README.md")
    shown = run("info", tiny_voice).out.decode()
    assert "Apache-2.0" in shown and "# tiny\n\nNoise." in shown


def test_help_names_every_command_and_loads_nothing_heavy():
    heavy = ("torch", "rich", "matplotlib", "onnxruntime")
    code = f"import sys; from tts.cli import main; main(['train', '-h']); print([m for m in {heavy} if m in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.endswith("[]\n") and "RECIPE" in process.stdout


def test_speaking_loads_no_torch(tiny_voice, tmp_path):
    heavy = ("torch", "rich", "matplotlib", "librosa", "scipy", "pandas")
    arguments = ["say", "Hi.", "--voice", str(tiny_voice), "-o", str(tmp_path / "a.wav")]
    code = f"import sys; from tts.cli import main; assert not main({arguments}); print([m for m in {heavy} if m in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"


@pytest.mark.parametrize(
    "command", ["say", "text", "voices", "info", "prepare", "align", "train", "package", "evaluate", "bench"]
)
def test_every_command_has_help(run, command):
    assert command in run("--help").out.decode()
    result = run(command, "--help")
    assert result.status == 0 and result.out.startswith(b"Usage: tts " + command.encode())

"""Imports point down only, and what speaks needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = [
    ["errors"],
    ["config"],
    ["checkpoint"],
    ["text", "audio"],
    ["nn"],
    ["codec"],
    ["models", "data"],
    ["inference", "training"],
    ["evaluation"],
    ["server", "demo"],
    ["cli", "recipes"],
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(path for path in (ROOT / "tts").rglob("*.py") if path != ROOT / "tts" / "__init__.py")
TORCH_ALLOWED = {"export.py", "package.py", "packing.py", "torch_backend.py"}
HEAVY = ["torch", "torchaudio", "scipy", "librosa", "inflect", "matplotlib", "onnx", "tensorboard", "sklearn", "faiss"]


def imports_of(path: Path, *, at_top_only: bool = False) -> set[str]:
    """Full names of the modules that a file imports; those under `if TYPE_CHECKING` are for the reader alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    names = set()
    for node in tree.body if at_top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "tts" else {node.module or ""}
    return names


def room_of(name: str) -> str:
    return name.split(".")[1] if "." in name else "tts"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    own = path.relative_to(ROOT / "tts").parts[0].removesuffix(".py")
    for name in imports_of(path):
        if name.split(".")[0] != "tts":
            continue
        room = room_of(name)
        if room in ("TTS", "InputError", "SamplingConfig", "Speech", "AudioChunk", "WordTiming", "tts"):
            assert LEVEL_OF[own] > LEVEL_OF["inference"], f"{own} imports the package's face"
        else:
            assert room == own or LEVEL_OF[room] < LEVEL_OF[own], f"{own} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_a_recipe(path):
    recipes = {other.stem for other in path.parent.glob("*.py")}
    assert not any(name.split(".")[0] == "recipes" for name in imports_of(path))
    assert not any(name.split(".")[0] in recipes for file in FILES for name in imports_of(file))


def test_of_inference_only_three_files_import_torch():
    users = {path.name for path in (ROOT / "tts" / "inference").glob("*.py") if needs_torch(path)}
    assert users <= TORCH_ALLOWED


def needs_torch(path: Path) -> bool:
    return any(name.split(".")[0] in ("torch", "torchaudio", "onnx") for name in imports_of(path))


@pytest.mark.parametrize(
    "room",
    [
        "text",
        "config.py",
        "errors.py",
        "audio/listening.py",
        "audio/mel_config.py",
        "codec/config.py",
        "codec/synthesis.py",
        "models/config.py",
        "models/alignment.py",
        "models/codebook.py",
        "models/steering.py",
    ],
)
def test_what_speaking_shares_with_training_needs_no_torch(room):
    path = ROOT / "tts" / room
    assert not any(needs_torch(file) for file in ([path] if path.is_file() else path.glob("*.py")))


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, tts; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

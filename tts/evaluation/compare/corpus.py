"""What arms learn from: parts of one features folder, nested in each other, and a small corpus made from nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tts.checkpoint import make_folder, replacing
from tts.data.shards import ARRAYS, DROPPED, INDEX, MEL, SHARDS, SPEAKERS, SYMBOLS, jsonl, read_rows, shard_folders
from tts.errors import InputError
from tts.evaluation.compare.plan import Corpus
from tts.evaluation.compare.store import key_of, read_json, write_json

log = logging.getLogger(__name__)
ROOT = Path(__file__).parents[3]
NEEDED = (*(f"{name}.npy" for name in (*ARRAYS, "durations")), SYMBOLS, MEL)
OPTIONAL = (DROPPED, SPEAKERS)
HELD_OUT = 10  # every tenth utterance of a small corpus is for validation
SEED = 0


def make_part(source: Path, hours: float, folder: Path) -> str:
    """Make a features folder with so many hours of another's training speech; arrays are links, the index is a part of its own.

    The order is drawn once, so that a smaller part lies within a larger one; the validation split is taken whole.

    Returns:
        A hash of what is in it.

    Raises:
        InputError: the source is no aligned features folder, or has fewer hours.
    """
    shards = shard_folders(source)
    for shard in shards:
        for name in (INDEX, *NEEDED):
            if not (shard / name).is_file():
                raise InputError(
                    f"{shard}: no aligned features here ({name} is missing); `tts prepare` and `tts align` make them"
                )
    rows = [read_rows(shard / INDEX) for shard in shards]
    wanted = {row["id"] for row in choose_hours([row for part in rows for row in part], hours, frame_rate(source))}
    parts = [[row for row in part if row["id"] in wanted or row["split"] == "valid"] for part in rows]
    names = ["." if len(shards) == 1 else f"part_{number:04d}" for number in range(len(shards))]
    for shard, name, part in zip(shards, names, parts, strict=True):
        if part:
            _link(shard, folder / name, (*NEEDED, *OPTIONAL))
            with replacing(folder / name / INDEX) as temporary:
                temporary.write_text(jsonl(part), encoding="utf-8")
    if len(shards) > 1:
        _link(source, folder, (SYMBOLS, MEL, SPEAKERS))
        write_json(folder / SHARDS, {"shards": [name for name, part in zip(names, parts, strict=True) if part]})
    sizes = [(shard / "durations.npy").stat().st_size for shard in shards]
    return key_of([[row["id"], row["mel"]] for part in parts for row in part], sizes)


def _link(source: Path, folder: Path, names: Sequence[str]) -> None:
    """Link those files that are there."""
    make_folder(folder)
    for name in names:
        target, link = (source / name).resolve(), folder / name
        if target.is_file() and not (link.is_symlink() and link.readlink() == target):
            link.unlink(missing_ok=True)
            link.symlink_to(target)


def choose_hours(rows: Sequence[dict[str, Any]], hours: float, rate: float) -> list[dict[str, Any]]:
    """Training rows that together are so many hours long; more of the same order for more hours.

    Raises:
        InputError: there are fewer hours, by more than a twentieth.
    """
    train = [row for row in rows if row["split"] == "train"]
    order = np.random.default_rng(SEED).permutation(len(train))
    ends = np.cumsum([train[i]["mel"][1] for i in order]) / rate / 3600
    if not len(ends) or ends[-1] < 0.95 * hours:
        raise InputError(f"the corpus has {ends[-1] if len(ends) else 0:.2f} hours, an arm asks for {hours:.2f}; ask for fewer")
    return [train[i] for i in order[: int(np.searchsorted(ends, hours)) + 1]]


def frame_rate(features: Path) -> float:
    """Mel frames per second of a features folder."""
    mel = json.loads((features / MEL).read_text(encoding="utf-8"))
    return float(mel["sample_rate"] / mel["hop_length"])


def make_corpus(corpus: Corpus, folder: Path, workers: int) -> Path:
    """Make a small corpus, its features and its alignment, unless they are there; returns the features folder.

    Raises:
        InputError: the project's recipes, which only a clone has, are not there.
    """
    maker = ROOT / "recipes" / "heart" / "make_corpus.py"
    if not maker.is_file():
        raise InputError(f"{maker}: not there; a study that makes its own corpus runs from a clone of the project")
    features, key = folder / "features", key_of(corpus.model_dump(mode="json"))
    if read_json(folder / "done.json") == key:
        return features
    make_folder(folder)
    log.info("making a small corpus: about two minutes")
    arguments = ("--scale", str(corpus.scale), "--workers", str(workers))
    _call(maker, "--sentences", corpus.sentences, "--out", folder / "corpus", *arguments)
    manifest = folder / "corpus" / "manifest.jsonl"
    _hold_out(manifest)
    _call("-m", "tts.cli", "prepare", manifest, "-o", features, "--workers", str(workers))
    recipe = folder / "aligner.toml"
    recipe.write_text(_toml({"features": str(features), "out": str(folder / "aligner")} | corpus.aligner), encoding="utf-8")
    _call("-m", "tts.cli", "align", recipe)
    write_json(folder / "done.json", key)
    return features


def _hold_out(manifest: Path) -> None:
    """Give a small corpus a split that suits its size."""
    rows = read_rows(manifest)
    for index, row in enumerate(rows):
        row["split"] = "valid" if index % HELD_OUT == 0 else "train"
    manifest.write_text(jsonl(rows), encoding="utf-8")


def _toml(values: dict[str, Any], prefix: str = "") -> str:
    """Plain settings as TOML; a string, a number and a truth value are written as in JSON."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict)]
    nested = [(f"{prefix}{name}", value) for name, value in values.items() if isinstance(value, dict)]
    return "\n".join(plain) + "\n" + "".join(f"\n[{name}]\n" + _toml(value, f"{name}.") for name, value in nested)


def _call(*command: str | Path) -> None:
    """Run Python with the package of this folder.

    Raises:
        InputError: it failed; its own messages tell why.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    done = subprocess.run([sys.executable, *map(str, command)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise InputError(f"{' '.join(map(str, command[:3]))}: failed ({last})")

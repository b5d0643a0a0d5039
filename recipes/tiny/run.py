"""The whole pipeline in minutes: 300 texts, features, alignment, vocoder, acoustic model, a voice, one spoken sentence.

    python recipes/tiny/run.py --out runs/tiny

The voice is far too little trained to be understood; this shows that every stage works and what each of them writes. Arguments
after `--` go to every training, such as `-- --set train.seed=1`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TEXT = "The cat slept on the warm stones."
HELD_OUT = 10  # every tenth utterance is for validation; the corpus's own split, one in a hundred, is made for large ones


def call(*command: str | Path) -> None:
    """Run a command with the package of this folder, and show how long it took."""
    print("$", *command, flush=True)
    start = time.monotonic()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    subprocess.run([sys.executable, *map(str, command)], env=environment, check=True)
    print(f"  {time.monotonic() - start:.1f} s", flush=True)


def hold_out(manifest: Path) -> None:
    """Give the corpus a split that suits its size."""
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").split("\n") if line]
    for index, row in enumerate(rows):
        row["split"] = "valid" if index % HELD_OUT == 0 else "train"
    manifest.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/tiny"), help="folder for all that is made")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("settings", nargs="*", help="further arguments of every training")
    args = parser.parse_args()
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)

    def settings(kind: str) -> list[str]:
        return ["--set", f"features={out / 'features'}", "--set", f"out={out / kind}", *args.settings]

    sentences, workers = HERE / "sentences.txt", str(args.workers)
    maker = HERE.parent / "heart" / "make_corpus.py"
    call(maker, "--sentences", sentences, "--out", out / "corpus", "--scale", "0.02", "--workers", workers)
    hold_out(out / "corpus" / "manifest.jsonl")
    tts = ("-m", "tts.cli")
    call(*tts, "prepare", out / "corpus" / "manifest.jsonl", "-o", out / "features", "--workers", workers)
    call(*tts, "align", HERE / "aligner.toml", *settings("aligner"))
    call(*tts, "train", "vocoder", HERE / "vocoder.toml", *settings("vocoder"))
    call(*tts, "train", "acoustic", HERE / "acoustic.toml", *settings("acoustic"))
    facts = ("--name", "tiny", "--license", "Apache-2.0", "--summary", "Five minutes of speech, minutes of training")
    call(*tts, "package", out / "acoustic", out / "vocoder", "-o", out / "voice", *facts, "--temperature", "0.3")
    call(*tts, "say", TEXT, "--voice", out / "voice", "--seed", "0", "-o", out / "hello.wav")


if __name__ == "__main__":
    main()

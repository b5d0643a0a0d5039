"""Make a corpus of synthetic people, whom nobody has to ask: voices of flite (apt-get install flite), 16 kHz, one folder each.

    python recipes/speakers/make_corpus.py runs/people/corpus

Everybody reads the same sentences; `tts prepare --format speakers` reads what is made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

VOICES = ("slt", "rms", "awb")
SENTENCES = Path(__file__).parent.parent / "compare" / "sentences.txt"


def read_aloud(voice: str, sentences: list[str], folder: Path) -> None:
    """Have a voice of flite read sentences, a WAV and a transcript each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, sentence in enumerate(sentences, 1):
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(folder / f"{number:04d}.wav")], check=True)
        (folder / f"{number:04d}.txt").write_text(sentence + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--voices", default=",".join(VOICES), help="of flite: slt, rms, awb, kal16")
    parser.add_argument("--sentences", type=int, default=100, help="how many each reads")
    args = parser.parse_args()
    if shutil.which("flite") is None:
        raise SystemExit("make_corpus: flite is not installed; apt-get install flite")
    sentences = [line.strip() for line in SENTENCES.read_text(encoding="utf-8").splitlines() if line.strip()]
    for voice in args.voices.split(","):
        read_aloud(voice, sentences[: args.sentences], args.out / voice)


if __name__ == "__main__":
    main()

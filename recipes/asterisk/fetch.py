"""Make a corpus of the English prompts of Asterisk: one professional speaker, Allison Smith, 24 minutes, CC BY-SA 3.0.

    python recipes/asterisk/fetch.py runs/asterisk/corpus

apt downloads two Debian packages (11 MB) into a temporary folder; nothing is installed, and no root is needed. Written:
`wav/NAME.wav` (16 kHz, as recorded), `manifest.jsonl` with id, audio, text and split, and `copyright`, the terms of the
recordings.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile as sf
from prompts import read_prompts, split_of

from tts.errors import InputError

TEXTS, SOUNDS = "asterisk-core-sounds-en", "asterisk-core-sounds-en-g722"
SPEAKER = "usr/share/asterisk/sounds/en_US_f_Allison"
RATE = 16_000  # Hz, of G.722


def download(folder: Path) -> Path:
    """Download and unpack the packages.

    Returns:
        The folder that stands for the file system's root.

    Raises:
        InputError: there is no apt here, or it failed.
    """
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise InputError(f"there is no {program} here; on Debian or Ubuntu download {SOUNDS} and {TEXTS}, see --packages")
    result = subprocess.run(["apt-get", "download", TEXTS, SOUNDS], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise InputError(f"apt-get download {SOUNDS}: {result.stderr.strip().splitlines()[-1]}; `apt-get update` may help")
    return unpack(folder)


def unpack(folder: Path) -> Path:
    """Unpack the .deb files of a folder, and give the folder that stands for the root.

    Raises:
        InputError: one of the packages is not there.
    """
    root = folder / "root"
    for name in (TEXTS, SOUNDS):
        package = next(folder.glob(f"{name}_*.deb"), None)
        if package is None:
            raise InputError(f"{folder}: no {name}_*.deb here")
        subprocess.run(["dpkg-deb", "-x", str(package), str(root)], check=True)
    return root


def decode(path: Path) -> np.ndarray:
    """Samples (N,) int16 at RATE of a file of G.722."""
    import av

    with av.open(str(path), format="g722") as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def write_corpus(root: Path, out: Path) -> int:
    """Write the corpus from the unpacked packages; returns the number of clips."""
    documents = root / "usr/share/doc" / TEXTS
    prompts = read_prompts(gzip.decompress((documents / "core-sounds-en.txt.gz").read_bytes()).decode("utf-8"))
    rows = []
    for name, words in prompts.items():
        source = root / SPEAKER / f"{name}.g722"
        if not source.is_file():
            continue
        target = out / "wav" / f"{name}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        sf.write(target, decode(source), RATE)
        rows.append({"id": name.replace("/", "-"), "audio": f"wav/{name}.wav", "text": words, "split": split_of(words)})
    (out / "manifest.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    shutil.copyfile(documents / "copyright", out / "copyright")
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="corpus folder")
    parser.add_argument("--packages", type=Path, help="folder with the two .deb files, where there is no apt")
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        if args.packages:
            for package in args.packages.glob("*.deb"):
                shutil.copy(package, folder)
        root = unpack(Path(folder)) if args.packages else download(Path(folder))
        print(f"{args.out}: {write_corpus(root, args.out)} prompts")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"fetch: {error}") from None

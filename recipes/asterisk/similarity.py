"""How alike two sets of recordings sound, by the speaker encoder of Resemblyzer (pip install resemblyzer webrtcvad-wheels).

    python recipes/asterisk/similarity.py runs/asterisk/corpus out/

The first is a corpus, whose held-out clips of at least a second are taken, the second a folder of files that the voice spoke.
A set's embedding is the mean of its files' unit embeddings; the similarity is the cosine of the two means. The mean over the
files of the second set of the cosine with the first set's embedding is told besides. All files are brought to one loudness, since
the encoder hears that too: the same clips 9 dB apart have a similarity of 0.93.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile as sf

from tts.audio.io import read_mono
from tts.data.clean import set_loudness

MIN_SECONDS = 1.0
LOUDNESS = -23.0  # LUFS
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")


def read_set(source: Path, split: str = "valid") -> list[Path]:
    """Files of a corpus's split, or of a folder."""
    manifest = source / "manifest.jsonl"
    if manifest.is_file():
        rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
        if any("split" in row for row in rows):  # not the manifest of `tts say --lines`
            paths = [source / row["audio"] for row in rows if row.get("split") == split]
            return [path for path in paths if sf.info(path).duration >= MIN_SECONDS]
    return sorted(path for path in source.iterdir() if path.suffix in SUFFIXES)


def embed(paths: list[Path]) -> np.ndarray:
    """Unit embeddings (n, 256)."""
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)
    embeddings = []
    for path in paths:
        audio, rate = read_mono(path)
        embeddings.append(encoder.embed_utterance(preprocess_wav(set_loudness(audio, rate, LOUDNESS), source_sr=rate)))
    return np.stack(embeddings)


def compare(one: np.ndarray, other: np.ndarray) -> tuple[float, np.ndarray]:
    """Cosine of the means of two sets of embeddings, and of each of the second with the mean of the first (n,)."""
    means = [rows.mean(0) / np.linalg.norm(rows.mean(0)) for rows in (one, other)]
    return float(means[0] @ means[1]), other @ means[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("spoken", type=Path)
    parser.add_argument("--split", default="valid", help="of the recordings")
    args = parser.parse_args()
    recordings, spoken = read_set(args.recordings, args.split), read_set(args.spoken)
    of_sets, of_files = compare(embed(recordings), embed(spoken))
    counts = f"{len(recordings)} recordings, {len(spoken)} spoken files"
    print(f"{counts}: similarity {of_sets:.3f}; a file's {of_files.mean():.3f}, least {of_files.min():.3f}")


if __name__ == "__main__":
    main()

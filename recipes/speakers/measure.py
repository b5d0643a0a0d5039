"""Whom a voice of several speakers sounds like: every speaker's speech beside everybody's recordings, by Resemblyzer.

    python recipes/speakers/measure.py ./people_voice runs/people/corpus [--recording somebody.wav ...]

A row is who was asked for, a column whose recordings (folders of the corpus) the speech is compared with: the cosine of the mean
embedding of the spoken sentences with that of the recordings. The recordings' own row, the first half of them against the second,
is what a perfect voice would reach. A voice of one speaker has one row.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tts import TTS, SamplingConfig
from tts.audio.speaker import embed_recording, embed_speaker

TEXTS = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
)
N_RECORDINGS = 20


def mean_of(embeddings: list[np.ndarray]) -> np.ndarray:
    """Mean of unit vectors, as a unit vector."""
    mean = np.mean(embeddings, axis=0)
    unit: np.ndarray = mean / np.linalg.norm(mean)
    return unit


def speak(tts: TTS) -> np.ndarray:
    """Mean embedding of what a voice says."""
    spoken = [tts.synthesize(text, SamplingConfig(seed=seed)) for seed, text in enumerate(TEXTS)]
    return mean_of([embed_speaker(speech.audio, speech.sample_rate) for speech in spoken])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--recording", type=Path, action="append", default=[], help="also speak as whoever is heard in it")
    args = parser.parse_args()
    tts = TTS.load(args.voice)
    recorded = {}
    for folder in sorted(path for path in args.corpus.iterdir() if path.is_dir()):
        recorded[folder.name] = [embed_recording(path) for path in sorted(folder.glob("*.wav"))[:N_RECORDINGS]]
    means = {name: mean_of(embeddings) for name, embeddings in recorded.items()}
    rows = {name: mean_of(embeddings[::2]) for name, embeddings in recorded.items()}
    rows = {f"recorded {name}": row for name, row in rows.items()}
    rows |= {f"--speaker {who}": speak(tts.with_speaker(who)) for who in (*tts.speakers.vectors, *args.recording)}
    if not tts.speakers.vectors:
        rows[args.voice] = speak(tts)
    others = {name: mean_of(embeddings[1::2]) for name, embeddings in recorded.items()}
    width = max(map(len, rows))
    print(" " * width + "".join(f"{name:>8}" for name in means))
    for title, row in rows.items():
        beside = others if title.startswith("recorded") else means
        print(f"{title:{width}}" + "".join(f"{float(row @ mean):8.3f}" for mean in beside.values()))


if __name__ == "__main__":
    main()

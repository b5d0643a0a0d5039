"""A corpus of tones: every phone has a pitch of its own."""

import json
from pathlib import Path

import numpy as np
import soundfile as sf

SAMPLE_RATE = 24_000
PITCH_HZ = {"a": 180, "i": 260, "o": 330, "u": 410}


def tone(f0: float, n_samples: int) -> np.ndarray:
    time = np.arange(n_samples) / SAMPLE_RATE
    return sum(0.2 * np.cos(2 * np.pi * f0 * k * time) / k for k in range(1, 6)).astype(np.float32)


def make_clip(phones: str, rng: np.random.Generator, hop_length: int = 256, pitch: float = 1) -> tuple[np.ndarray, list[int]]:
    """Samples of the phones, silence around them, and the frames of each of them."""
    lengths = [int(rng.integers(8, 20)) for _ in phones]
    silence = np.zeros(20 * hop_length, np.float32)
    parts = [tone(pitch * PITCH_HZ[phone], length * hop_length) for phone, length in zip(phones, lengths, strict=True)]
    return np.concatenate((silence, *parts, silence)), lengths


def make_corpus(folder: Path, n_clips: int = 12, hop_length: int = 256, pitch: float = 1) -> Path:
    """Write clips, F0 and a manifest with phonemes; the last two clips are for validation. All pitches are so much higher."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index in range(n_clips):
        phones = "".join(rng.permutation(list(PITCH_HZ))[: rng.integers(2, 5)])
        audio, lengths = make_clip(phones, rng, hop_length, pitch)
        f0 = np.concatenate((np.zeros(20), np.repeat([pitch * PITCH_HZ[phone] for phone in phones], lengths), np.zeros(20)))
        sf.write(folder / f"{index}.wav", audio, SAMPLE_RATE)
        np.save(folder / f"{index}.npy", f0.astype(np.float32))
        split = "valid" if index >= n_clips - 2 else "train"
        row = {
            "id": str(index),
            "audio": f"{index}.wav",
            "f0": f"{index}.npy",
            "text": phones,
            "phonemes": phones,
            "split": split,
        }
        rows.append(row)
    write_manifest(folder, rows)
    return folder / "manifest.jsonl"


def write_manifest(folder: Path, rows: list[dict]) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path

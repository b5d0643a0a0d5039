"""Memory over a million rows, in a process of its own: `million_rows.py manifest FOLDER` or `million_rows.py features FOLDER`.

Prints the growth of the resident memory in MB, mapped files included, since the libraries were loaded.
"""

import json
import sys
from pathlib import Path

import numpy as np

N_ROWS, SHARD_ROWS = 1_000_000, 4_000
LOADED = ("tts.data.prepare", "tts.data.dataset", "tts.data.sampler")


def resident_mb() -> tuple[float, float]:
    """Resident memory now, and its highest value so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return tuple(int(values[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def make_manifest(folder: Path) -> None:
    with (folder / "manifest.jsonl").open("w") as file:
        for index in range(N_ROWS):
            text = f"This is sentence number {index} of a corpus that is larger than memory."
            file.write(json.dumps({"id": f"utterance-{index:07d}", "audio": f"{index % 100}/{index}.wav", "text": text}) + "\n")


def make_features(folder: Path) -> None:
    """Shards whose arrays are holes in the file; only the index is real."""
    rng = np.random.default_rng(0)
    names = []
    for shard in range(N_ROWS // SHARD_ROWS):
        place = folder / "shards" / f"{shard:05d}"
        place.mkdir(parents=True)
        names.append(f"shards/{shard:05d}")
        lengths = rng.integers(50, 900, SHARD_ROWS).tolist()
        with (place / "index.jsonl").open("w") as file:
            start = 0
            for row, length in enumerate(lengths):
                spans = {name: [start, length] for name in ("mel", "waveform", "f0", "tokens")}
                split = "valid" if row % 100 == 0 else "train"
                file.write(json.dumps({"id": f"{shard}-{row}", "text": "A text of some words.", "split": split} | spans) + "\n")
                start += length
        for name, tail, dtype in (("mel", (8,), "<f2"), ("waveform", (), "<i2"), ("f0", (), "<f4"), ("tokens", (3,), "<i2")):
            with (place / f"{name}.npy").open("wb") as file:
                header = {"descr": dtype, "fortran_order": False, "shape": (start, *tail)}
                np.lib.format.write_array_header_1_0(file, header)
                file.truncate(file.tell() + start * int(np.prod(tail, initial=1)) * np.dtype(dtype).itemsize)
    (folder / "shards.json").write_text(json.dumps({"shards": names}))
    (folder / "symbols.json").write_text(json.dumps({"symbols": "_^$a"}))


def read_manifest(folder: Path) -> None:
    """What preparation does with every row before and after its audio: plan, ids, groups."""
    from tts.audio.mel import MelConfig
    from tts.data.clean import PrepareConfig
    from tts.data.corpora import open_corpus
    from tts.data.plan import make_plan

    corpus = open_corpus(str(folder))
    plan = make_plan(corpus, MelConfig(), PrepareConfig(), folder / "out", ())
    assert plan.n_clips == N_ROWS


def read_features(folder: Path) -> None:
    """Open, and read the utterances of 300 batches here and there in the first two epochs."""
    from tts.data.dataset import FeatureFolder
    from tts.data.sampler import LengthSampler

    data = FeatureFolder(folder, "train")
    assert len(data) == N_ROWS * 99 // 100
    sampler = LengthSampler(data.n_frames, 12_000, rank=1, world_size=2)
    for step in (*range(100), *range(20_000, 20_100), *range(50_000, 50_100)):
        assert all(len(data[int(index)].mel) > 0 for index in sampler.batch(step))


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    for name in LOADED:
        __import__(name)
    before, _ = resident_mb()
    {"manifest": read_manifest, "features": read_features}[what](folder)
    now, highest = resident_mb()
    sys.stdout.write(json.dumps({"before": before, "growth": now - before, "highest": highest - before}))

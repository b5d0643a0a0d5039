"""Make the corpus of the bundled voice: a teacher (hibari-tts, voice "heart") reads sentences into FLAC files and a manifest.

    python recipes/heart/make_corpus.py --sentences sentences.txt --out runs/heart/corpus

Any file of English sentences serves, one a line; texts.py adds the short things that people type. Written: `audio/ID.flac` (24
kHz), `f0/ID.npy` (the teacher's own F0 in Hz, one value per mel frame, 0 = unvoiced), `manifest.jsonl` with id, audio, f0,
text, phonemes, kind, seconds and split ("train", "valid", "test"; it hangs on the id alone). A second run goes on where the
first stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile as sf
from hibari import SAMPLE_RATE, Hibari, dsp
from texts import generated_texts, lone_texts, read_sentences

SEED = 20
MEL_HOP = 256  # samples
_teacher: Hibari | None = None


def split_of(utterance_id: str) -> str:
    """One in a hundred utterances is for validation, one in a hundred for tests."""
    place = int(hashlib.sha256(utterance_id.encode()).hexdigest(), 16) % 100
    return {0: "valid", 1: "test"}.get(place, "train")


def at_mel_frames(f0: np.ndarray, n_frames: int) -> np.ndarray:
    """Read the teacher's F0, whose frames are 300 samples long, at the centres of mel frames; 0 where it is unvoiced."""
    place = np.arange(n_frames) * MEL_HOP / dsp.HOP - 0.5
    nearest = f0[np.clip(np.round(place).astype(int), 0, len(f0) - 1)]
    voiced = np.flatnonzero(f0 >= 40)
    if not len(voiced):
        return np.zeros(n_frames, np.float32)
    return np.where(nearest < 40, 0, np.interp(place, voiced, f0[voiced])).astype(np.float32)


def speak(job: tuple[str, str, str, Path]) -> dict[str, object] | None:
    """Let the teacher read one text; None when the text has no phonemes."""
    global _teacher
    if _teacher is None:
        _teacher = Hibari()
    utterance_id, kind, text, out = job
    phonemes = _teacher.g2p(text)
    if kind == "lone" and "ˈ" not in phonemes:
        phonemes = phonemes.replace("ˌ", "ˈ")  # as tts.text.phonemize stresses what stands alone
    ids = _teacher.ids(phonemes)
    if not 3 <= len(ids) <= 400:
        return None
    audio_path, f0_path = out / "audio" / f"{utterance_id}.flac", out / "f0" / f"{utterance_id}.npy"
    if not (audio_path.exists() and f0_path.exists()):
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.ones(1, np.float32)}
        parts = [part[0] for part in _teacher.sess.run(None, inputs)]
        seed = int(hashlib.sha256(utterance_id.encode()).hexdigest()[:8], 16)
        audio = dsp.synth(*parts, np.random.default_rng(seed))
        np.save(f0_path, at_mel_frames(parts[5], -(-len(audio) // MEL_HOP)))
        temporary = audio_path.with_suffix(".tmp")
        sf.write(temporary, audio, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        os.replace(temporary, audio_path)
    seconds = sf.info(audio_path).duration
    return {
        "id": utterance_id,
        "audio": f"audio/{utterance_id}.flac",
        "f0": f"f0/{utterance_id}.npy",
        "text": text,
        "phonemes": phonemes,
        "kind": kind,
        "seconds": round(seconds, 4),
        "split": split_of(utterance_id),
    }


def read_texts(path: Path, count: int, scale: float) -> list[tuple[str, str]]:
    """Kinds and texts of the corpus, shuffled with a fixed seed: sentences of a file, and those that texts.py adds."""
    sentences = read_sentences(path)
    rng = random.Random(SEED)
    texts = [("sentence", text) for text in rng.sample(sentences, min(count, len(sentences)))]
    texts += generated_texts(sentences, rng, scale)
    rng.shuffle(texts)
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=Path, help="text file, one sentence a line; needed unless --lone is given")
    parser.add_argument("--out", type=Path, required=True, help="corpus folder")
    parser.add_argument("--count", type=int, default=10_000, help="how many sentences of the file are read")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 13,000 generated texts")
    parser.add_argument("--lone", action="store_true", help="single words that seldom stand alone, and nothing else")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if not (args.lone or args.sentences):
        parser.error("--sentences is missing")

    texts = [("lone", text) for text in lone_texts()] if args.lone else read_texts(args.sentences, args.count, args.scale)
    for folder in ("audio", "f0"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    jobs = [(f"{'l' if args.lone else 'h'}{index:05d}", kind, text, args.out) for index, (kind, text) in enumerate(texts)]
    rows = []
    with ProcessPoolExecutor(args.workers) as pool:
        for row in pool.map(speak, jobs, chunksize=32):
            if row:
                rows.append(row)
                if len(rows) % 1000 == 0:
                    print(f"{len(rows)}/{len(jobs)} utterances", flush=True)
    temporary = args.out / "manifest.tmp"
    temporary.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(temporary, args.out / "manifest.jsonl")
    hours = sum(float(str(row["seconds"])) for row in rows) / 3600
    print(f"{len(rows)} utterances, {hours:.2f} hours, {len(jobs) - len(rows)} texts without phonemes or too long")


if __name__ == "__main__":
    main()

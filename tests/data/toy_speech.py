"""Sound that stands for speech: syllables of a voice-like tone, as long as its text; and corpora of it in their exact layouts."""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile as sf

TEXTS = (
    "The kettle sang.",
    "She kept a key.",
    "Nobody slept.",
    "We walked home.",
    "He drank a cup of tea.",
    "The clock is wrong.",
)
PAUSE_SECONDS = 0.1


def text_of(index: int) -> str:
    return TEXTS[index % len(TEXTS)]


@lru_cache(maxsize=64)
def speech(text: str, seed: int = 0, sample_rate: int = 24_000) -> np.ndarray:
    """Some 14 letters a second, silence around them; float32, peak about 0.4."""
    rng = np.random.default_rng(seed)
    n_samples = int(len(text) / 18 * sample_rate)
    time = np.arange(n_samples) / sample_rate
    f0 = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))
    phase = 2 * np.pi * np.cumsum(f0) / sample_rate
    tone = sum(np.cos(k * phase + rng.uniform(0, 6)) / k for k in range(1, 9))
    envelope = 0.35 + 0.3 * np.cos(2 * np.pi * 4 * time + rng.uniform(0, 6))
    voiced = envelope * tone + 0.02 * rng.normal(size=n_samples)
    silence = 1e-4 * rng.normal(size=int(PAUSE_SECONDS * sample_rate))
    audio = np.concatenate((silence, voiced / np.abs(voiced).max(), silence))
    return (0.4 * audio).astype(np.float32)


def write_speech(path: Path, index: int, sample_rate: int = 24_000, **options) -> str:
    """Write a clip; returns what is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, speech(text_of(index), index, sample_rate), sample_rate, **options)
    return text_of(index)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def make_folder(folder: Path, n: int = 6, sample_rate: int = 24_000) -> Path:
    for index in range(n):
        write(folder / f"clip{index:02d}.txt", write_speech(folder / f"clip{index:02d}.wav", index, sample_rate))
    return folder


def make_speaker_folders(folder: Path, n: int = 6) -> Path:
    for index in range(n):
        place = folder / ("anna", "bert")[index % 2]
        write(place / f"{index}.txt", write_speech(place / f"{index}.flac", index))
    return folder


def make_ljspeech(folder: Path, n: int = 6) -> Path:
    """LJSpeech-1.1: metadata.csv with id|text|normalised text, wavs/ at 22,050 Hz."""
    lines = []
    for index in range(n):
        name = f"LJ{1 + index // 4:03d}-{1 + index % 4:04d}"
        text = write_speech(folder / "wavs" / f"{name}.wav", index, 22_050)
        lines.append(f"{name}|{text.replace('a cup', '1 cup')}|{text}\n")
    write(folder / "metadata.csv", "".join(lines))
    write(folder / "README", "The LJ Speech Dataset\n")
    return folder


def make_libritts(folder: Path, n: int = 6) -> Path:
    """LibriTTS: PART/SPEAKER/CHAPTER with .wav, .normalized.txt, .original.txt, .trans.tsv, .book.tsv; SPEAKERS.txt beside."""
    people = {"train-clean-100": ("103", "1034"), "dev-clean": ("84",), "test-clean": ("61",)}
    for part, count in (("train-clean-100", n), ("dev-clean", 2), ("test-clean", 1)):
        speakers = people[part]
        tables: dict[Path, list[str]] = {}
        for index in range(count):
            speaker = speakers[index % len(speakers)]
            place = folder / part / speaker / "121123"
            name = f"{speaker}_121123_{index:06d}_{len(part):06d}"
            text = write_speech(place / f"{name}.wav", index)
            write(place / f"{name}.normalized.txt", text)
            write(place / f"{name}.original.txt", text)
            tables.setdefault(place / f"{speaker}_121123", []).append(f"{name}\t{text}\t{text}\n")
        for stem, lines in tables.items():
            write(stem.with_name(f"{stem.name}.trans.tsv"), "".join(lines))
            write(stem.with_name(f"{stem.name}.book.tsv"), "".join(f"{line.split()[0]}\tbook\t20.5\n" for line in lines))
    rows = "".join(f"{speaker} | F | {part} | 25.0 | Somebody\n" for part, names in people.items() for speaker in names)
    write(folder / "SPEAKERS.txt", ";ID  |SEX| SUBSET |MINUTES| NAME\n" + rows)
    return folder


def make_vctk(folder: Path, n: int = 6) -> Path:
    """VCTK 0.92: wav48_silence_trimmed/SPEAKER/ID_mic1.flac and _mic2.flac at 48 kHz, txt/SPEAKER/ID.txt, speaker-info.txt."""
    for index in range(n):
        speaker = ("p225", "p226")[index % 2]
        name = f"{speaker}_{index + 1:03d}"
        place = folder / "wav48_silence_trimmed" / speaker
        for microphone in ("mic1", "mic2"):
            text = write_speech(place / f"{name}_{microphone}.flac", index, 48_000)
        write(folder / "txt" / speaker / f"{name}.txt", text + "\n")
    people = "p225 23 F English Southern England (optional comments)\np226 22 M English Surrey\n"
    write(folder / "speaker-info.txt", "ID  AGE  GENDER  ACCENTS  REGION COMMENTS\n" + people)
    write(folder / "license_text", "Creative Commons\n")
    return folder


def make_hifitts(folder: Path, n: int = 6) -> Path:
    """Hi-Fi TTS: SPEAKER_manifest_QUALITY_SPLIT.json, audio/SPEAKER_QUALITY/BOOK/*.flac at 44.1 kHz."""
    for speaker, part, count in (("92", "train", n), ("92", "dev", 1), ("6097", "train", 2)):
        rows = []
        for index in range(count):
            path = f"audio/{speaker}_clean/123/book_{part}_{index:04d}.flac"
            text = write_speech(folder / path, index, 44_100)
            row = {"audio_filepath": path, "text": text.lower().strip("."), "duration": round(len(text) / 18 + 0.2, 2)}
            rows.append(row | {"text_no_preprocessing": text, "text_normalized": text})
        write(folder / f"{speaker}_manifest_clean_{part}.json", "".join(json.dumps(row) + "\n" for row in rows))
    return folder


def make_commonvoice(folder: Path, n: int = 6) -> Path:
    """Common Voice: LANG/{train,dev,test}.tsv, LANG/clips/*.mp3 at 32 kHz."""
    header = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\tlocale\tsegment\n"
    number = 0
    for part, count in (("train", n), ("dev", 1), ("test", 1)):
        lines = [header]
        for _ in range(count):
            name, number = f"common_voice_en_{number}.mp3", number + 1
            text = write_speech(folder / "en" / "clips" / name, number, 32_000)
            lines.append(f"{number % 2:x}c0ffee\t{name}\t{text}\t2\t0\ttwenties\tfemale\t\t\ten\t\n")
        write(folder / "en" / f"{part}.tsv", "".join(lines))
    return folder


def make_pipe(folder: Path, n: int = 6, *, has_speakers: bool = False) -> Path:
    lines = []
    for index in range(n):
        text = write_speech(folder / "wavs" / f"{index}.wav", index)
        lines.append(f"{index}|{'anna|' if has_speakers else ''}{text}\n")
    write(folder / "metadata.csv", "".join(lines))
    return folder


def make_jsonl(folder: Path, n: int = 6) -> Path:
    rows = []
    for index in range(n):
        text = write_speech(folder / f"{index}.wav", index)
        rows.append({"id": str(index), "audio": f"{index}.wav", "text": text, "speaker": "anna"})
    write(folder / "manifest.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return folder

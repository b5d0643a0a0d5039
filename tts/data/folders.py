"""Corpora that are folders of audio with a transcript file each: plain folders, LibriTTS, VCTK.

lhotse has readers of the last two; they open every recording and stop at the first that is damaged, or leave it out without a
word. These open none, so that whatever is wrong with a recording is found, and named, when it is prepared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tts.data.clips import Clip, clip_id, printable, read_text_of
from tts.data.tables import SUFFIXES
from tts.errors import InputError

TEXT_FOLDERS = ("txt", "text", "texts", "transcripts")
NO_TRANSCRIPTS = frozenset({"readme", "license", "licence", "copying", "notice", "credits"})
LIBRITTS_SPLITS = {"train": "train", "dev": "valid", "test": "test"}
VCTK_FOLDERS = ("wav48_silence_trimmed", "wav48")


def walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders and the names of their files, in order; links to folders are followed, but no folder is entered twice."""
    seen = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place), sorted(name for name in files if not name.startswith("."))


def read_folder(source: str) -> Iterator[Clip]:
    """Clips of a folder: audio files, each with a .txt of the same stem beside it or in a folder txt/ beside its own."""
    yield from _read_pairs(Path(source), has_speakers=False)


def read_speakers(source: str) -> Iterator[Clip]:
    """Clips of a folder whose subfolders are the speakers; otherwise as `read_folder`."""
    yield from _read_pairs(Path(source), has_speakers=True)


def _read_pairs(folder: Path, *, has_speakers: bool) -> Iterator[Clip]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    for place, names in walk(folder):
        stems = {Path(name).stem for name in names if name.lower().endswith(SUFFIXES)}
        parts = place.relative_to(folder).parts
        speaker = printable(parts[0]) if has_speakers and parts else ""
        for name in names:
            path = place / name
            if name.lower().endswith(SUFFIXES):
                text, fault = read_text_of(_transcript_of(path))
                yield Clip(clip_id(path, folder), path, text, speaker=speaker, fault=fault)
            elif name.endswith(".txt") and _lacks_audio(path, stems):
                yield Clip(clip_id(path, folder), None, "", fault=("no audio", f"{printable(path)} has no audio file beside it"))


def _transcript_of(audio: Path) -> Path:
    beside = audio.with_suffix(".txt")
    others = (audio.parent.parent / name / beside.name for name in TEXT_FOLDERS)
    return beside if beside.is_file() else next((path for path in others if path.is_file()), beside)


def _lacks_audio(text: Path, stems: set[str]) -> bool:
    """Whether a .txt is a transcript whose recording is missing; those in a folder txt/ are looked at from the other side."""
    return text.stem not in stems and text.stem.lower() not in NO_TRANSCRIPTS and text.parent.name not in TEXT_FOLDERS


def read_libritts(source: str) -> Iterator[Clip]:
    """Clips of LibriTTS or LibriTTS-R: PART/SPEAKER/CHAPTER/ID.wav with ID.normalized.txt; a part alone will do."""
    folder = Path(source)
    parts = [folder] if libritts_split(folder.name) else sorted(path for path in folder.iterdir() if libritts_split(path.name))
    for part in parts:
        split = libritts_split(part.name)
        for place, names in walk(part):
            for name in names:
                if name.endswith(".wav"):
                    text, fault = read_text_of(place / f"{name[:-4]}.normalized.txt")
                    yield Clip(name[:-4], place / name, text, speaker=name.split("_")[0], split=split, fault=fault)


def libritts_split(name: str) -> str:
    """Split that a part of LibriTTS belongs to; "" when the name is that of no part."""
    kind, _, quality = name.replace("_", "-").partition("-")
    return LIBRITTS_SPLITS.get(kind, "") if quality.startswith(("clean", "other")) else ""


def read_vctk(source: str) -> Iterator[Clip]:
    """Clips of VCTK: txt/SPEAKER/ID.txt, audio in wav48_silence_trimmed/ (the first microphone if there are two) or wav48/."""
    folder = Path(source)
    audio = next((folder / name for name in VCTK_FOLDERS if (folder / name).is_dir()), None)
    if audio is None:
        raise InputError(f"{folder}: no VCTK here; it has a folder {' or '.join(VCTK_FOLDERS)}")
    for place, names in walk(audio):
        stems = {name.rsplit(".", 1)[0] for name in names}
        for name in names:
            stem, _, suffix = name.rpartition(".")
            is_second = stem.endswith("_mic2") and f"{stem[:-1]}1" in stems
            if f".{suffix}" not in SUFFIXES or is_second:
                continue
            utterance = stem.removesuffix("_mic1").removesuffix("_mic2")
            text, fault = read_text_of(folder / "txt" / place.name / f"{utterance}.txt")
            yield Clip(utterance, place / name, text, speaker=place.name, fault=fault)

"""From a corpus (a manifest and audio files) to features that training reads, packed in a few arrays.

A manifest has one JSON object a line with `id`, `audio` (a path beside the manifest) and `text`; it may give `phonemes`
(otherwise the front end makes them), `split` ("train", "valid", "test"), and `f0` (a .npy of Hz per mel frame, 0 = unvoiced;
otherwise F0 is tracked). Silence at both ends of a clip is cut to a few frames. A features folder holds `mel.npy` (frames,
n_mels) float16, `waveform.npy` (samples,) int16, `f0.npy` (frames,) float32, negative where the frame is unvoiced and the value
interpolated, `tokens.npy` (tokens, 3) int16 (id, stress, place), `index.jsonl` with one row per utterance (offsets and lengths
in each array), `symbols.json` and `mel.json` (MelConfig).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tts.audio.io import read_audio
from tts.audio.mel import LogMel, MelConfig
from tts.audio.pitch import fill_unvoiced, track_f0
from tts.audio.silence import find_speech
from tts.errors import InputError
from tts.text.normalize import normalize
from tts.text.phonemize import EnglishPhonemizer
from tts.text.symbols import DEFAULT_SYMBOLS

ARRAYS = ("mel", "waveform", "f0", "tokens")
WRITTEN = (*(f"{name}.npy" for name in (*ARRAYS, "durations")), "index.jsonl", "skipped.jsonl", "dropped.jsonl", "symbols.json")
SILENT_PEAK = 1e-3  # a recording that never gets louder, -60 dB, holds no speech


@dataclass(frozen=True)
class Features:
    """What one utterance gives: arrays as in the features folder, before they are packed."""

    row: dict[str, Any]
    mel: np.ndarray
    waveform: np.ndarray
    f0: np.ndarray
    tokens: np.ndarray


def read_manifest(path: Path) -> list[dict[str, Any]]:
    """Read a manifest.

    Raises:
        InputError: the file is missing, a line is no JSON object, a row lacks id, audio or text, or an id comes twice.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such manifest; a corpus folder holds manifest.jsonl")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no UTF-8 text ({error.reason} at byte {error.start})") from None
    rows: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _manifest_row(line, f"{path}, line {number}")
        if row["id"] in rows:
            raise InputError(f"{path}, line {number}: the id {row['id']!r} comes twice")
        rows[row["id"]] = row
    if not rows:
        raise InputError(f"{path}: the manifest is empty")
    return list(rows.values())


def _manifest_row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: no JSON object ({error.msg})") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: {line.strip()[:40]} is no JSON object")
    missing = [name for name in ("id", "audio", "text") if not isinstance(row.get(name), str)]
    if missing:
        raise InputError(f"{place}: {', '.join(missing)} missing, or no text")
    return row


def prepare(manifest: Path, out: Path, workers: int = 1, mel_config: MelConfig | None = None) -> Iterator[int]:
    """Make the features folder of a corpus; clips that cannot be used are named in `skipped.jsonl` with the reason.

    Args:
        manifest: manifest.jsonl of the corpus.
        out: features folder, made anew.
        workers: processes.
        mel_config: the mel analysis.

    Yields:
        The number of utterances done so far; the folder is complete when the iteration ends.

    Raises:
        InputError: the manifest is wrong, or none of its clips can be used.
    """
    rows = read_manifest(manifest)
    out.mkdir(parents=True, exist_ok=True)
    for name in WRITTEN:  # durations of an older alignment would not fit
        (out / name).unlink(missing_ok=True)
    config = mel_config or MelConfig()
    jobs = ((row, manifest.parent, config) for row in rows)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            yield from _pack(pool.map(_extract_or_reason, jobs, chunksize=16), out)
    else:
        yield from _pack(map(_extract_or_reason, jobs), out)
    (out / "symbols.json").write_text(DEFAULT_SYMBOLS.to_json(), encoding="utf-8")
    (out / "mel.json").write_text(config.model_dump_json(indent=2), encoding="utf-8")


_mel: LogMel | None = None
_phonemizer = None


def _extract_or_reason(job: tuple[dict[str, Any], Path, MelConfig]) -> Features | dict[str, str]:
    row, folder, config = job
    try:
        return extract(row, folder, config)
    except InputError as error:
        return {"id": row["id"], "reason": str(error)}


def extract(row: dict[str, Any], folder: Path, config: MelConfig) -> Features:
    """Compute the features of one manifest row whose paths are relative to folder."""
    global _mel, _phonemizer
    torch.set_num_threads(1)
    if _mel is None or _mel.config != config:
        _mel = LogMel(config)
    waveform = read_audio(folder / row["audio"], config.sample_rate)
    _check_waveform(waveform, row["id"])
    with torch.inference_mode():
        mel = _mel(torch.from_numpy(waveform)[None])[0].numpy()
    f0 = _read_f0(folder / row["f0"]) if "f0" in row else track_f0(waveform, config.sample_rate, config.hop_length)
    if len(f0) != len(mel):
        raise InputError(f"{row['id']}: {len(f0)} values of F0 for {len(mel)} mel frames")
    speech = find_speech(mel)
    mel, f0 = mel[speech], f0[speech]
    waveform = waveform[speech.start * config.hop_length : speech.stop * config.hop_length]
    phonemes = row.get("phonemes")
    if phonemes is None:
        _phonemizer = _phonemizer or EnglishPhonemizer()
        phonemes = _phonemizer(normalize(row["text"])).phonemes
    tokens = DEFAULT_SYMBOLS.encode(phonemes)
    if len(tokens) < 3:
        raise InputError(f"{row['id']}: no phonemes in {row['text'][:60]!r}")
    if len(tokens) > len(mel):
        raise InputError(f"{row['id']}: {len(tokens)} tokens do not fit into {len(mel)} frames")
    return Features(
        row={key: row[key] for key in ("id", "text", "kind") if key in row}
        | {"split": row.get("split", "train"), "phonemes": phonemes},
        mel=mel.astype(np.float16),
        waveform=np.clip(np.round(waveform * 32767), -32768, 32767).astype(np.int16),
        f0=fill_unvoiced(f0),
        tokens=np.stack((tokens.ids, tokens.stress, tokens.place), axis=1).astype(np.int16),
    )


def _check_waveform(waveform: np.ndarray, name: str) -> None:
    if not np.isfinite(waveform).all():
        raise InputError(f"{name}: the audio holds samples that are no numbers (NaN or infinite)")
    peak = float(np.abs(waveform).max())
    if peak < SILENT_PEAK:
        raise InputError(f"{name}: the audio is silent (peak {peak:g})")


def _read_f0(path: Path) -> np.ndarray:
    try:
        f0: np.ndarray = np.load(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as F0 ({error})") from None
    return f0


def _pack(results: Iterable[Features | dict[str, str]], out: Path) -> Iterator[int]:
    """Append every utterance to raw files, then give each its .npy header."""
    offsets = dict.fromkeys(ARRAYS, 0)
    shapes: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}
    files = {name: (out / f"{name}.raw").open("wb") for name in offsets}
    done = 0
    with (
        (out / "index.jsonl").open("w", encoding="utf-8") as index,
        (out / "skipped.jsonl").open("w", encoding="utf-8") as skipped,
    ):
        for features in results:
            if isinstance(features, dict):
                skipped.write(json.dumps(features, ensure_ascii=False) + "\n")
                continue
            row = dict(features.row)
            for name in offsets:
                array = getattr(features, name)
                shapes.setdefault(name, (array.dtype, array.shape[1:]))
                files[name].write(array.tobytes())
                row[name] = [offsets[name], len(array)]
                offsets[name] += len(array)
            index.write(json.dumps(row, ensure_ascii=False) + "\n")
            done += 1
            yield done
    for file in files.values():
        file.close()
    for name, (dtype, tail) in shapes.items():
        _add_header(out / f"{name}.raw", out / f"{name}.npy", dtype, (offsets[name], *tail))
    if not done:
        for name in ARRAYS:
            (out / f"{name}.raw").unlink()
        raise InputError(f"{out}: no clip could be used; skipped.jsonl there gives the reasons")


def _add_header(raw: Path, npy: Path, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    source = np.memmap(raw, dtype=dtype, mode="r", shape=shape)
    target = np.lib.format.open_memmap(npy, mode="w+", dtype=dtype, shape=shape)
    for start in range(0, len(source), 1 << 20):
        target[start : start + (1 << 20)] = source[start : start + (1 << 20)]
    target.flush()
    raw.unlink()

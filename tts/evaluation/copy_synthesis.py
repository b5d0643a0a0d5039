"""Copy synthesis: mel frames of recordings through the vocoder alone; what quality is lost is the vocoder's share.

Letters: N samples, T frames, F mel bands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.table import Table

from tts.audio.io import write_audio
from tts.audio.resample import resample
from tts.codec.config import VocoderConfig
from tts.errors import InputError
from tts.evaluation.listen import LISTEN_RATE, QualityPredictor, read_resampled, require
from tts.evaluation.metrics import bootstrap_interval
from tts.evaluation.speak import list_audio
from tts.inference.engine import TTS, VocoderStream

HELD_OUT = "test"  # split of a manifest
BLOCK_FRAMES = 32  # that the vocoder takes at once; only memory depends on it


class CopyResult(BaseModel):
    """A recording and its copy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    seconds: float
    mos_recording: float | None  # 1 to 5
    mos_copy: float | None
    mel_distance: float  # mean absolute difference of natural-log mel


class CopyReport(BaseModel):
    """One run of copy synthesis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any]
    voice: dict[str, Any]
    quality: str | None
    versions: dict[str, str]
    n_files: int
    mos_recording: float | None
    mos_copy: float | None
    mos_loss: float | None  # recordings minus copies
    mos_loss_interval: tuple[float, float] | None  # 95 %, by resampling files
    mel_distance: float
    lines: list[CopyResult]


def find_held_out(source: Path, limit: int | None) -> list[Path]:
    """Audio files to copy.

    Args:
        source: a folder of audio files; or a manifest.jsonl, or a corpus folder that holds one; its split "test" is taken.
        limit: take the first so many.

    Raises:
        InputError: there are none.
    """
    manifest = source / "manifest.jsonl" if source.is_dir() else source
    paths = _held_out_rows(manifest) if manifest.is_file() else list_audio(source)
    if not paths:
        raise InputError(f"{source}: no audio files to copy")
    return paths[:limit]


def copy_mel(tts: TTS, mel: np.ndarray, seed: int = 0) -> np.ndarray:
    """Run mel frames (T, F) through a voice's vocoder as the engine does; returns (T * hop_length,) samples."""
    vocoder = VocoderStream(tts, np.random.default_rng(seed))
    parts = [vocoder.push(mel[start : start + BLOCK_FRAMES]) for start in range(0, len(mel), BLOCK_FRAMES)]
    return np.concatenate((*parts, vocoder.finish()))


def compute_mel(audio: np.ndarray, config: VocoderConfig) -> np.ndarray:
    """Log-mel frames (T, F) of (N,) samples, by the analysis that a vocoder was made for."""
    require("torch", "torchaudio")
    import torch

    from tts.audio.mel import LogMel, MelConfig

    settings = MelConfig(sample_rate=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels)
    mel: np.ndarray = LogMel(settings)(torch.from_numpy(audio)[None])[0].numpy()
    return mel


def copy_recordings(tts: TTS, paths: Sequence[Path], out: Path, quality: QualityPredictor | None) -> Iterator[CopyResult]:
    """Copy recordings and score both; the pairs stay in `out/recordings` and `out/copies`.

    Raises:
        InputError: a file cannot be read, or `out` cannot be written to.
    """
    config = tts.voice.config.vocoder
    for name in ("recordings", "copies"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for index, path in enumerate(paths, 1):
        recording = read_resampled(path, tts.sample_rate)
        mel = compute_mel(recording, config)
        copy = copy_mel(tts, mel)[: len(recording)]
        write_audio(out / "recordings" / f"{index:04d}.wav", recording, tts.sample_rate)
        write_audio(out / "copies" / f"{index:04d}.wav", copy, tts.sample_rate)
        yield CopyResult(
            file=str(path),
            seconds=len(recording) / tts.sample_rate,
            mos_recording=_quality(recording, tts.sample_rate, quality),
            mos_copy=_quality(copy, tts.sample_rate, quality),
            mel_distance=float(np.abs(compute_mel(copy, config) - mel).mean()),
        )


def quality_pairs(lines: Sequence[CopyResult]) -> np.ndarray:
    """(n, 2) scores of recording and copy, where there are both."""
    scores = ((line.mos_recording, line.mos_copy) for line in lines)
    return np.array([pair for pair in scores if None not in pair], dtype=float).reshape(-1, 2)


def compute_copy_totals(lines: Sequence[CopyResult]) -> dict[str, Any]:
    """Means over all files, as fields of CopyReport."""
    pairs = quality_pairs(lines)
    totals: dict[str, Any] = {"n_files": len(lines), "mel_distance": float(np.mean([line.mel_distance for line in lines]))}
    if not len(pairs):
        return totals | dict.fromkeys(("mos_recording", "mos_copy", "mos_loss", "mos_loss_interval"))
    recordings, copies = pairs.T
    interval = bootstrap_interval(recordings - copies, np.ones(len(copies)), np.random.default_rng(0))
    return totals | {
        "mos_recording": float(recordings.mean()),
        "mos_copy": float(copies.mean()),
        "mos_loss": float((recordings - copies).mean()),
        "mos_loss_interval": interval,
    }


def copy_table(report: CopyReport) -> Table:
    """Means, and the files that lose most."""
    table = Table("file", "seconds", "MOS recording", "MOS copy", "loss", "mel distance")
    for line in sorted(report.lines, key=lambda line: (line.mos_copy or 0.0) - (line.mos_recording or 0.0))[:5]:
        scores = _scores(line.mos_recording, line.mos_copy)
        table.add_row(Path(line.file).name, f"{line.seconds:.1f}", *scores, f"{line.mel_distance:.3f}")
    table.add_section()
    seconds = sum(line.seconds for line in report.lines)
    means = _scores(report.mos_recording, report.mos_copy)
    table.add_row(f"all {report.n_files}", f"{seconds:.0f}", *means, f"{report.mel_distance:.3f}")
    return table


def _scores(recording: float | None, copy: float | None) -> list[str]:
    if recording is None or copy is None:
        return ["-", "-", "-"]
    return [f"{recording:.3f}", f"{copy:.3f}", f"{recording - copy:.3f}"]


def _quality(audio: np.ndarray, sample_rate: int, quality: QualityPredictor | None) -> float | None:
    return quality.score(resample(audio, sample_rate, LISTEN_RATE)) if quality else None


def _held_out_rows(manifest: Path) -> list[Path]:
    from tts.data.tables import read_manifest

    return [manifest.parent / row["audio"] for row in read_manifest(manifest) if row.get("split") == HELD_OUT]

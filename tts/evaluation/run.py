"""The three ways to evaluate: speak a test set and score it, score audio that is there, copy recordings by the vocoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from tts.checkpoint import make_folder
from tts.codec.config import VocoderConfig
from tts.errors import InputError
from tts.evaluation.copy_synthesis import (
    CopyReport,
    compute_copy_totals,
    compute_mel,
    copy_recordings,
    find_held_out,
    quality_pairs,
)
from tts.evaluation.listen import QualityPredictor, read_resampled
from tts.evaluation.machine import versions
from tts.evaluation.plots import draw_copies, draw_mels, draw_overview, save_figure
from tts.evaluation.report import REPORT_NAME, Report, compute_totals, totals_by_seed, write_report
from tts.evaluation.score import LineResult, Listeners, score_recordings
from tts.evaluation.speak import Recording, find_recordings, speak_lines
from tts.evaluation.texts import read_lines
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig

Item = TypeVar("Item")
Track = Callable[[Iterable[Item], int, str], Iterable[Item]]  # items, how many, what is done: shows progress
N_PICTURES = 6  # mels of the worst lines


class EvaluationConfig(BaseModel):
    """Settings of one evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Path  # folder of the report
    texts: Path | None = None  # one line for each utterance
    audio: Path | None = None  # folder of existing audio
    seeds: tuple[int, ...] = (1,)
    limit: int | None = Field(None, gt=0)  # lines
    speaker: str | None = None  # name of one of the voice's; None = the first
    temperature: float | None = Field(None, ge=0, le=2)  # None = the voice's own
    speed: float = Field(1.0, ge=0.25, le=4)
    backend: str = "onnx"
    n_threads: int = Field(1, gt=0)


def untracked(items: Iterable[Item], count: int, label: str) -> Iterable[Item]:
    """Show no progress."""
    return items


def evaluate_voice(tts: TTS, config: EvaluationConfig, listeners: Listeners, track: Track = untracked) -> Report:
    """Speak a test set with every seed, score it, and write the report and its pictures.

    Args:
        tts: the voice, loaded with the backend and threads that config names.
        config: settings; texts must be given.
        listeners: who judges.
        track: shows progress.

    Raises:
        InputError: the texts cannot be read, or nothing in them could be spoken.
    """
    lines = texts_of(config)[: config.limit]
    tts.synthesize("Ready.", SamplingConfig(seed=0, speaker=config.speaker))  # the first request pays for what is loaded late
    recordings: list[Recording] = []
    for seed in config.seeds:
        sampling = SamplingConfig(temperature=config.temperature, speed=config.speed, seed=seed, speaker=config.speaker)
        spoken = speak_lines(tts, lines, config.out / f"seed_{seed}", sampling, config.backend)
        recordings += track(spoken, len(lines), f"speaking, seed {seed}")
    if all(recording.path is None for recording in recordings):
        raise InputError(f"{config.texts}: no line could be spoken ({recordings[0].error})")
    return _score(recordings, config, listeners, track, tts)


def evaluate_audio(config: EvaluationConfig, listeners: Listeners, track: Track = untracked) -> Report:
    """Score audio that is there, and write the report and its pictures.

    Raises:
        InputError: the texts or the audio cannot be read, or there is not one file for each line.
    """
    assert config.audio is not None, "audio to score"
    recordings = find_recordings(config.audio, texts_of(config), config.limit)
    make_folder(config.out)
    return _score(recordings, config, listeners, track, None)


def evaluate_copies(
    tts: TTS, source: Path, config: EvaluationConfig, quality: QualityPredictor | None, track: Track = untracked
) -> CopyReport:
    """Copy recordings by the voice's vocoder, score both, and write the report and a picture.

    Raises:
        InputError: there is no recording, or one cannot be read.
    """
    paths = find_held_out(source, config.limit)
    make_folder(config.out)
    lines = list(track(copy_recordings(tts, paths, config.out, quality), len(paths), "copying"))
    settings = config.model_dump(mode="json", include={"out", "limit", "backend", "n_threads"})
    report = CopyReport(
        settings=settings | {"source": str(source)},
        voice=describe_voice(tts),
        quality=quality.name if quality else None,
        versions=versions(),
        lines=lines,
        **compute_copy_totals(lines),
    )
    write_report(report, config.out / REPORT_NAME)
    scores = quality_pairs(lines)
    if len(scores):
        save_figure(draw_copies(*scores.T), config.out / "copies.png")
    return report


def texts_of(config: EvaluationConfig) -> list[str]:
    """All lines of the test set.

    Raises:
        InputError: none is named, or it cannot be read.
    """
    if config.texts is None:
        raise InputError("name the lines that are spoken: --texts FILE")
    return read_lines(config.texts)


def describe_voice(tts: TTS) -> dict[str, Any]:
    """Which voice it is: its name, folder, own temperature and the hash of its weights."""
    config = tts.voice.config
    facts = {"name": config.name, "folder": str(tts.voice.folder), "temperature": config.temperature}
    return facts | {"sha256": config.sha256["model.safetensors"]}


def _score(
    recordings: Sequence[Recording], config: EvaluationConfig, listeners: Listeners, track: Track, tts: TTS | None
) -> Report:
    lines = list(track(score_recordings(recordings, listeners), len(recordings), "listening"))
    report = Report(
        settings=config.model_dump(mode="json"),
        voice=describe_voice(tts) if tts else None,
        recogniser=listeners.transcriber.name,
        quality=listeners.quality.name if listeners.quality else None,
        versions=versions(),
        totals=compute_totals(lines),
        by_seed=totals_by_seed(lines),
        lines=lines,
    )
    write_report(report, config.out / REPORT_NAME)
    _draw(report, recordings, config.out)
    return report


def _draw(report: Report, recordings: Sequence[Recording], out: Path) -> None:
    totals = report.totals
    mos = "" if totals.mos is None else f", {report.quality} {totals.mos:.3f}"
    title = f"{totals.n_lines} lines, WER {totals.wer:.2%} ({report.recogniser}){mos}"
    save_figure(draw_overview(report.lines, title), out / "overview.png")
    paths = {(recording.seed, recording.index): recording.path for recording in recordings}
    worst = [(line, path) for line in report.worst(N_PICTURES) if (path := paths[line.seed, line.index])]
    if worst:
        analysis = VocoderConfig()
        mels = [compute_mel(read_resampled(path, analysis.sample_rate), analysis) for _, path in worst]
        captions = [_caption(line) for line, _ in worst]
        save_figure(draw_mels(mels, captions, analysis.sample_rate / analysis.hop_length), out / "worst.png")


def _caption(line: LineResult) -> str:
    place = line.file if line.seed is None else f"seed {line.seed}, {line.file}"
    return f"{place}  WER {line.wer:.2f}\n{line.text[:110]}  →  {line.heard[:110]}"

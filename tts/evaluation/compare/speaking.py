"""Speaking a test set: every sentence with every seed, its audio kept and its frames measured on the spot.

One row per sentence, so that readings with several seeds can be compared while their frames are there; a run that was killed goes
on after the last whole row.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tts.checkpoint import make_folder
from tts.evaluation.compare.diversity import measure_diversity, track_f0_fast
from tts.evaluation.compare.judge import Judge
from tts.evaluation.compare.stutter import find_stutter
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import Speech

Row = dict[str, Any]
ROWS_NAME = "rows.jsonl"


def speak_and_judge(
    tts: TTS, lines: Sequence[str], seeds: Sequence[int], sampling: SamplingConfig, judge: Judge, folder: Path
) -> list[Row]:
    """Speak sentences, measure their frames and judge their audio.

    Args:
        tts: the voice.
        lines: the sentences.
        seeds: each sentence is spoken with each.
        sampling: other settings.
        judge: who listens.
        folder: for audio and rows; what is in it must have been spoken with the same settings.

    Returns:
        A row per sentence: `index` from 0, `text`, `readings` (one per seed), `diversity` (None for one seed).
    """
    make_folder(folder)
    rows = _read_rows(folder / ROWS_NAME)
    tts.synthesize("Ready.", SamplingConfig(seed=0))  # the first request pays for what is loaded late
    with (folder / ROWS_NAME).open("a", encoding="utf-8") as file:
        for index, text in enumerate(lines[len(rows) :], len(rows)):
            row = {"index": index, "text": text} | _speak_one(tts, text, seeds, sampling, judge, folder / f"{index:04d}")
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            rows.append(row)
    return rows


def _speak_one(tts: TTS, text: str, seeds: Sequence[int], sampling: SamplingConfig, judge: Judge, path: Path) -> Row:
    readings, speeches = [], []
    for seed in seeds:
        start = time.perf_counter()
        speech = tts.synthesize(text, sampling.model_copy(update={"seed": seed}))
        seconds = time.perf_counter() - start
        audio = path.with_name(f"{path.name}_{seed}.wav")
        speech.save(audio)
        stutter = find_stutter(speech.mel, frame_rate_of(tts))
        facts = {"seed": seed, "seconds": speech.seconds, "compute_seconds": round(seconds, 4), "stutter": asdict(stutter)}
        readings.append(facts | judge.hear(audio, text))
        speeches.append(speech)
    return {"readings": readings, "diversity": _diversity(tts, speeches)}


def _diversity(tts: TTS, speeches: list[Speech]) -> dict[str, Any] | None:
    if len(speeches) < 2:
        return None
    hop = tts.voice.config.vocoder.hop_length
    f0s = [track_f0_fast(speech.audio, tts.sample_rate, hop, len(speech.mel)) for speech in speeches]
    found = measure_diversity([speech.mel for speech in speeches], f0s)
    return asdict(found) if found else None


def frame_rate_of(tts: TTS) -> float:
    """Mel frames per second of a voice."""
    return tts.sample_rate / tts.voice.config.vocoder.hop_length


def _read_rows(path: Path) -> list[Row]:
    """Whole rows; a line that a kill cut short, and what follows, is dropped from the file too."""
    rows: list[Row] = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            break
        rows.append(row)
    if len(rows) < len(lines):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return rows


def choose_temperature(tried: Sequence[Row]) -> float:
    """The temperature whose sentences sound best among those that are understood nearly as well as the best understood.

    Args:
        tried: rows with `temperature`, `wer` and `mos`, either of which may be None for all.

    Returns:
        That of the highest MOS among those within two points of the lowest WER; the first where nothing was measured.
    """
    rates = [row["wer"] for row in tried if row["wer"] is not None]
    fit = [row for row in tried if row["wer"] is None or row["wer"] <= min(rates) + 0.02]
    best = fit[int(np.argmax([row["mos"] if row["mos"] is not None else 0.0 for row in fit]))]
    return float(best["temperature"])

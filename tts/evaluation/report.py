"""The report of an evaluation: every line's result, the totals, and what was measured with what; as JSON and as a table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tts.checkpoint import replacing
from tts.config import validate
from tts.errors import InputError
from tts.evaluation.metrics import add_counts, bootstrap_interval
from tts.evaluation.score import LineResult

REPORT_NAME = "report.json"
N_WORST = 8
ROWS = (
    "lines",
    "not spoken, silent, with errors",
    "WER",
    "  95 % interval",
    "  substitutions",
    "  deletions",
    "  insertions",
    "CER",
    "MOS",
    "audio, words per minute",
    "times real time",
)


class Totals(BaseModel):
    """Figures of a set of lines; rates are fractions of the reference's words (or characters)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_lines: int
    n_words: int
    wer: float
    wer_interval: tuple[float, float]  # 95 %, by resampling texts
    substitutions: float
    deletions: float
    insertions: float
    cer: float
    mos: float | None  # mean, 1 to 5
    seconds: float  # of audio
    rtf: float | None  # compute seconds / audio seconds; None when speaking was not timed
    words_per_minute: float
    n_wrong: int  # lines with any error
    n_silent: int  # lines in which nothing was heard
    n_failed: int  # lines that could not be spoken


class Report(BaseModel):
    """One evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any]
    voice: dict[str, Any] | None = None  # None: the audio came from elsewhere
    recogniser: str
    normalizer: str = "whisper-normalizer EnglishTextNormalizer"
    quality: str | None = None
    versions: dict[str, str]
    totals: Totals
    by_seed: dict[str, Totals] = {}
    lines: list[LineResult]

    def worst(self, count: int = N_WORST) -> list[LineResult]:
        """Lines with errors, highest error rate first, then lowest quality."""
        wrong = [line for line in self.lines if line.words.errors]
        return sorted(wrong, key=lambda line: (-line.wer, line.mos or 0.0))[:count]


def compute_totals(lines: Sequence[LineResult]) -> Totals:
    """Sum up lines, of one seed or of several."""
    assert lines, "totals need lines"
    words, characters = add_counts(line.words for line in lines), add_counts(line.characters for line in lines)
    scores = [line.mos for line in lines if line.mos is not None]
    seconds = sum(line.seconds for line in lines)
    return Totals(
        n_lines=len(lines),
        n_words=words.length,
        wer=words.rate,
        wer_interval=_interval(lines),
        substitutions=words.per_length(words.substitutions),
        deletions=words.per_length(words.deletions),
        insertions=words.per_length(words.insertions),
        cer=characters.rate,
        mos=float(np.mean(scores)) if scores else None,
        seconds=seconds,
        rtf=_rtf(lines),
        words_per_minute=60 * sum(line.words.length for line in lines if line.seconds) / seconds if seconds else 0.0,
        n_wrong=sum(line.words.errors > 0 for line in lines),
        n_silent=sum(not line.heard and line.error is None for line in lines),
        n_failed=sum(line.error is not None for line in lines),
    )


def totals_by_seed(lines: Sequence[LineResult]) -> dict[str, Totals]:
    """Totals of each seed, when there are several."""
    groups: dict[str, list[LineResult]] = defaultdict(list)
    for line in lines:
        groups[str(line.seed)].append(line)
    return {seed: compute_totals(group) for seed, group in groups.items()} if len(groups) > 1 else {}


def write_report(report: BaseModel, path: Path) -> None:
    """Write a report as JSON, complete or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_report(path: Path) -> Report:
    """Read what `write_report` wrote.

    Raises:
        InputError: the file cannot be read or is no report.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable report ({error})") from None
    return validate(Report, values, str(path))


def report_table(report: Report) -> Group:
    """Totals, one column for each seed and one for all, and the worst lines."""
    columns = {f"seed {seed}": totals for seed, totals in report.by_seed.items()} | {"all": report.totals}
    table = Table("", *columns)
    for cells in zip(ROWS, *map(_cells, columns.values()), strict=True):
        table.add_row(*cells)
    return Group(table, _worst_table(report)) if report.worst() else Group(table)


def _worst_table(report: Report) -> Table:
    table = Table("file", "WER", "MOS", "text", "heard", title="worst lines", title_justify="left")
    for line in report.worst():
        name = line.file or f"line {line.index}"
        table.add_row(
            Text(name if line.seed is None else f"{line.seed}/{name}"),
            f"{line.wer:.2f}",
            _or_dash(line.mos, "{:.2f}"),
            Text(line.text[:70]),
            Text(line.error or line.heard[:90]),
        )
    return table


def _cells(totals: Totals) -> list[str]:
    """Figures in the order of ROWS."""
    low, high = totals.wer_interval
    return [
        str(totals.n_lines),
        f"{totals.n_failed}, {totals.n_silent}, {totals.n_wrong}",
        f"{totals.wer:.2%}",
        f"{100 * low:.2f}-{100 * high:.2f}%",
        *(f"{rate:.2%}" for rate in (totals.substitutions, totals.deletions, totals.insertions, totals.cer)),
        _or_dash(totals.mos, "{:.3f}"),
        f"{totals.seconds:.0f} s, {totals.words_per_minute:.0f}",
        _or_dash(1 / totals.rtf if totals.rtf else None, "{:.1f}x"),
    ]


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _interval(lines: Sequence[LineResult]) -> tuple[float, float]:
    """Interval of the error rate; readings of the same line are kept together."""
    errors: dict[int, int] = defaultdict(int)
    lengths: dict[int, int] = defaultdict(int)
    for line in lines:
        errors[line.index] += line.words.errors
        lengths[line.index] += line.words.length
    return bootstrap_interval(np.array(list(errors.values())), np.array(list(lengths.values())), np.random.default_rng(0))


def _rtf(lines: Sequence[LineResult]) -> float | None:
    timed = [line for line in lines if line.compute_seconds is not None and line.seconds]
    if not timed:
        return None
    return sum(line.compute_seconds or 0.0 for line in timed) / sum(line.seconds for line in timed)

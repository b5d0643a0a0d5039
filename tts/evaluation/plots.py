"""Pictures of an evaluation, drawn by matplotlib's objects (no pyplot, so that any thread may draw)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tts.checkpoint import replacing
from tts.evaluation.listen import require
from tts.evaluation.score import LineResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE = "#2a6f97", "#e07a3f"
DPI = 120


def draw_overview(lines: Sequence[LineResult], title: str) -> Figure:
    """Distribution of the error rate and of the quality over the lines, and error rate against length."""
    scores = np.array([line.mos for line in lines if line.mos is not None])
    figure = _figure(12.0, 3.6)
    axes = figure.subplots(1, 3)
    _draw_error_rates(axes[0], np.array([100 * line.wer for line in lines]))
    _draw_quality(axes[1], scores)
    _draw_lengths(axes[2], lines)
    figure.suptitle(title, fontsize=10)
    return figure


def draw_mels(mels: Sequence[np.ndarray], titles: Sequence[str], frame_rate: float) -> Figure:
    """Mel pictures one below the other.

    Args:
        mels: (T, F) natural-log mel frames each, at least one.
        titles: of each.
        frame_rate: mel frames per second.
    """
    figure = _figure(12.0, 2.1 * len(mels) + 0.3)
    rows = figure.subplots(len(mels), 1, squeeze=False)[:, 0]
    for axes, mel, title in zip(rows, mels, titles, strict=True):
        extent = (0, len(mel) / frame_rate, 0, mel.shape[1])
        image = axes.imshow(mel.T, origin="lower", aspect="auto", extent=extent, cmap="magma")
        axes.set_title(title.replace("$", r"\$"), fontsize=8, loc="left")
        axes.set_ylabel("mel band")
        figure.colorbar(image, ax=axes, pad=0.01)
    rows[-1].set_xlabel("seconds")
    return figure


def draw_copies(recordings: np.ndarray, copies: np.ndarray) -> Figure:
    """Quality (n,) of copies against that of their recordings (n,)."""
    figure = _figure(4.6, 4.4)
    axes = figure.subplots()
    low, high = min(recordings.min(), copies.min()) - 0.1, max(recordings.max(), copies.max()) + 0.1
    axes.plot((low, high), (low, high), color="0.6", linewidth=1)
    axes.scatter(recordings, copies, color=BLUE, alpha=0.7, s=18, edgecolors="none")
    axes.set(xlabel="MOS of the recording", ylabel="MOS of its copy", xlim=(low, high), ylim=(low, high))
    axes.set_title(f"mean {recordings.mean():.3f} and {copies.mean():.3f}", fontsize=9)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, complete or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _figure(width: float, height: float) -> Figure:
    """Empty figure of a size in inches."""
    require("matplotlib")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _draw_error_rates(axes: Axes, rates: np.ndarray) -> None:
    """Histogram of error rates in per cent, those above 100 in the last bar; nearly all lines stand in the first."""
    axes.hist(np.minimum(rates, 100), bins=np.arange(0, 110, 5).tolist(), color=BLUE)
    axes.set(xlabel="WER of a line, %", ylabel="lines")
    axes.set_title(f"{np.mean(rates == 0):.0%} of the lines without an error", fontsize=9)


def _draw_quality(axes: Axes, scores: np.ndarray) -> None:
    axes.set(xlabel="MOS of a line", ylabel="lines")
    if not len(scores):
        axes.set_title("not measured", fontsize=9)
        return
    axes.hist(scores, bins=np.arange(np.floor(10 * scores.min()) / 10, scores.max() + 0.1, 0.1).tolist(), color=BLUE)
    axes.axvline(scores.mean(), color=ORANGE)
    axes.set_title(f"mean {scores.mean():.3f}, lowest {scores.min():.2f}", fontsize=9)


def _draw_lengths(axes: Axes, lines: Sequence[LineResult]) -> None:
    """Error rate of each line against its words, and the pooled rate of each quarter of the lengths."""
    lengths = np.array([line.words.length for line in lines])
    errors = np.array([line.words.errors for line in lines])
    axes.scatter(lengths, 100 * errors / np.maximum(lengths, 1), color=BLUE, alpha=0.4, s=14, edgecolors="none")
    quarters = [part for part in np.array_split(np.argsort(lengths, kind="stable"), 4) if len(part)]
    rates = [100 * errors[part].sum() / max(1, lengths[part].sum()) for part in quarters]
    axes.plot([lengths[part].mean() for part in quarters], rates, color=ORANGE, marker="o", label="quarters, pooled")
    axes.set(xlabel="words", ylabel="WER, %")
    axes.legend(frameon=False, fontsize=8)

"""Pictures of takes, drawn by matplotlib's objects (no pyplot, so that any thread may draw).

The ground is transparent and the ink a middle grey, so that they sit well on a light page and on a dark one.
Letters: S tokens, T frames, F mel bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tts.demo.analysis import Analysis
from tts.demo.take import Take
from tts.evaluation.uncertainty import draw_uncertainty
from tts.inference.scoring import Score

INK, BLUE, ORANGE = "#7d858c", "#2a9d8f", "#e07a3f"
MEL_COLOURS, DIFFERENCE_COLOURS = "magma", "RdBu_r"
LOUD, FLOOR = 3.0, float(np.log(1e-5))  # natural-log magnitudes where the colours end
MAX_DIFFERENCE = 3.0  # nats, where the colours of a difference end
WIDTH_INCHES, DPI = 7.0, 140
MAX_LABELS = 90  # of phones; more cannot be read
RULER: dict[str, Any] = {"color": INK, "linewidth": 0.5, "alpha": 0.6}
Image = np.ndarray  # (height, width, 4) uint8


def draw_mel(analysis: Analysis) -> Image:
    """The mel frames of a line, with the words and their borders."""
    figure = _figure(3.6)
    axes = figure.subplots()
    _show_mel(axes, analysis.mel, analysis.frame_rate)
    _name_words(axes, analysis)
    return _render(figure)


def draw_alignment(analysis: Analysis) -> Image:
    """Which phone each frame belongs to, and how long each phone is."""
    ends = np.cumsum(analysis.durations) / analysis.frame_rate
    lengths = analysis.durations / analysis.frame_rate
    figure = _figure(5.6)
    steps, bars = figure.subplots(2, 1, height_ratios=(3, 2))
    places = np.arange(len(ends))
    colours = [INK if not symbol[-1].isalpha() else BLUE for symbol in analysis.symbols]
    steps.barh(places, lengths, left=ends - lengths, height=0.9, color=colours)
    steps.set(xlim=(0, ends[-1]), ylim=(len(ends) - 0.5, -0.5), ylabel="phones", xlabel="seconds", yticks=[])
    _name_words(steps, analysis)
    bars.bar(places, 1000 * lengths, color=colours, width=0.8)
    bars.set(xlim=(-0.6, len(ends) - 0.4), ylabel="milliseconds", xticks=[])
    if len(places) <= MAX_LABELS:
        bars.set_xticks(places, analysis.symbols, fontsize=max(5.5, min(10, 500 / len(places))))
        for place, symbol, end in zip(places, analysis.symbols, ends, strict=True):
            steps.annotate(symbol, (end, place), (2, 0), textcoords="offset points", va="center", fontsize=7, color=INK)
    return _render(figure)


def draw_pitch(analysis: Analysis, f0: np.ndarray) -> Image:
    """The pitch of a line, (T,) Hz with NaN where it has none, over its words."""
    figure = _figure(3.2)
    axes = figure.subplots()
    seconds = (np.arange(len(f0)) + 0.5) / analysis.frame_rate
    axes.plot(seconds, f0, color=BLUE, linewidth=2.5)
    axes.set(xlim=(0, len(f0) / analysis.frame_rate), ylabel="pitch, Hz", xlabel="seconds")
    axes.grid(axis="y", **RULER)
    _name_words(axes, analysis)
    return _render(figure)


def draw_difference(a: Take, b: Take, labels: Sequence[str], frame_rate: float) -> Image:
    """The mels of two takes of one text, and where they differ, the second brought to the times of the first word by word."""
    first, second = join_mels(a), join_mels(b)
    difference = second[match_frames(a, b, frame_rate)] - first
    figure = _figure(6.4)
    rows = figure.subplots(3, 1, sharex=False)
    for axes, mel, label in zip(rows, (first, second), labels, strict=False):
        _show_mel(axes, mel, frame_rate)
        axes.set_title(label, fontsize=9, loc="left", color=INK)
        axes.set_xlabel("")
    extent = (0, len(first) / frame_rate, 0, first.shape[1])
    limits = {"vmin": -MAX_DIFFERENCE, "vmax": MAX_DIFFERENCE}
    image = rows[2].imshow(difference.T, origin="lower", aspect="auto", extent=extent, cmap=DIFFERENCE_COLOURS, **limits)
    rows[2].set(xlabel="seconds", ylabel="mel band")
    rows[2].set_title(
        f"{labels[1]} less {labels[0]}: {np.abs(difference).mean():.2f} nats on average", fontsize=9, loc="left", color=INK
    )
    bar = figure.colorbar(image, ax=rows[2], location="bottom", aspect=60, pad=0.06)
    bar.set_label("nats", color=INK)
    bar.ax.tick_params(colors=INK)
    return _render(figure)


def draw_score(score: Score) -> Image:
    """What was recorded or spoken, what the model expected, how sure it was, and the likelihood of each word."""
    return _render(draw_uncertainty(score))


def join_mels(take: Take) -> np.ndarray:
    """Mel frames of all lines (T, F), pauses between them left out."""
    return np.concatenate([line.mel for line in take.lines])


def match_frames(a: Take, b: Take, frame_rate: float) -> np.ndarray:
    """For each frame of `a`, the frame of `b` at the same place of the same word.

    Returns:
        int64 (T of a,); borders of words are matched, and between them time is linear. Where the takes have other words, the
        whole is linear.
    """
    borders_a, borders_b = _borders(a, frame_rate), _borders(b, frame_rate)
    if len(borders_a) != len(borders_b):
        borders_a, borders_b = borders_a[[0, -1]], borders_b[[0, -1]]
    places = np.interp(np.arange(borders_a[-1]) + 0.5, borders_a, borders_b)
    return np.minimum(places.astype(np.int64), int(borders_b[-1]) - 1)


def _borders(take: Take, frame_rate: float) -> np.ndarray:
    """Borders of words, in frames of the joined mels, with the beginning and the end of each line."""
    borders, done = [0.0], 0
    for line in take.lines:
        for word in line.words:
            borders += [done + (time - line.start) * frame_rate for time in (word.start, word.end)]
        done += len(line.mel)
        borders.append(float(done))
    return np.maximum.accumulate(np.array(borders))


def _figure(height: float) -> Figure:
    return Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, layout="constrained")


def _show_mel(axes: Axes, mel: np.ndarray, frame_rate: float) -> None:
    extent = (0, len(mel) / frame_rate, 0, mel.shape[1])
    axes.imshow(mel.T, origin="lower", aspect="auto", extent=extent, cmap=MEL_COLOURS, vmin=FLOOR, vmax=LOUD)
    axes.set(xlabel="seconds", ylabel="mel band")


def _name_words(axes: Axes, analysis: Analysis) -> None:
    """Write the words above, each over its own span."""
    for text, start, end in analysis.words:
        for border in (start, end):
            axes.axvline(border, **RULER)
        label = text.replace("$", r"\$")
        axes.annotate(
            label, ((start + end) / 2, 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
            rotation=40, ha="left", va="bottom", fontsize=8, color=INK, rotation_mode="anchor",
        )  # fmt: skip


def _render(figure: Figure) -> Image:
    """Pixels of a figure."""
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.tick_params(colors=INK, which="both", labelsize=8)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        for spine in axes.spines.values():
            spine.set_color(INK)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()

"""The picture of uncertainty: what was said, what the model expected, how sure it was, and how likely that makes each word.

Drawn by matplotlib's objects (no pyplot, so that any thread may draw).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tts.evaluation.listen import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tts.inference.scoring import Score

FLOOR, LOUD = float(np.log(1e-5)), 3.0  # natural-log magnitudes where the colours of mels end
BLUE, ORANGE = "#2a6f97", "#e07a3f"
INCHES_PER_SECOND, MIN_INCHES, MAX_INCHES = 2.6, 8.0, 100.0
LETTERS_PER_SECOND = 28  # that stand side by side without touching; longer words are set on edge
LOWEST_SHOWN = -8.0  # standard deviations


def draw_uncertainty(score: Score, dpi: int = 110) -> Figure:
    """Four rows over one axis of time: mel, mu, sigma, and the likelihood of the words.

    Args:
        score: of a recording, or of what the voice said.
        dpi: pixels per inch.
    """
    require("matplotlib")
    from matplotlib.figure import Figure

    seconds = len(score.mel) / score.frame_rate
    width = min(max(INCHES_PER_SECOND * seconds, MIN_INCHES), MAX_INCHES)
    figure = Figure(figsize=(width, 9.0), dpi=dpi, layout="constrained")
    rows = figure.subplots(4, 1, sharex=True, height_ratios=(3, 3, 3, 2.4))
    sure = (0.0, float(np.quantile(score.std, 0.995)))
    _show(rows[0], score, score.mel, "mel: what was said", "magma", (FLOOR, LOUD))
    _show(rows[1], score, score.mean, "mu: what the model expected, from the text and the frames before", "magma", (FLOOR, LOUD))
    _show(rows[2], score, score.std, "sigma: how unsure it was", "viridis", sure)
    _draw_words(rows[3], score)
    rows[3].set_xlabel("seconds")
    return figure


def _show(axes: Axes, score: Score, values: np.ndarray, title: str, colours: str, limits: tuple[float, float]) -> None:
    """Show (T, F) values, natural logarithms of magnitudes, as a picture, the borders of words over it."""
    extent = (score.start, score.start + len(values) / score.frame_rate, 0, values.shape[1])
    image = axes.imshow(values.T, origin="lower", aspect="auto", extent=extent, cmap=colours, clim=limits, interpolation="none")
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_ylabel("mel band")
    axes.figure.colorbar(image, ax=axes, label="log magnitude", pad=0.01, aspect=15)
    for word in score.words:
        for border in (word.start, word.end):
            axes.axvline(border, color="white", linewidth=0.6, alpha=0.5)


def _draw_words(axes: Axes, score: Score) -> None:
    """A bar per word, and the word under it; suspicious ones in another colour."""
    knows = score.words[0].z is not None
    for word in score.words:
        value = word.log_prob if word.z is None else word.z
        height, middle = max(value, LOWEST_SHOWN), (word.start + word.end) / 2
        colour, side = (ORANGE if word.is_suspicious else BLUE), (1 if height >= 0 else -1)
        axes.bar(middle, height, word.end - word.start, color=colour, alpha=0.85, edgecolor="white")
        number = f"{value:.2f}" if word.z is None else f"{value:.1f}"
        _write(axes, number, (middle, height), 2 * side, "data", fontsize=7)
        fits = len(word.text) <= LETTERS_PER_SECOND * (word.end - word.start)
        ink = ORANGE if word.is_suspicious else "black"
        _write(axes, word.text, (middle, 0), -4, ("data", "axes fraction"), fontsize=8, color=ink, rotation=0 if fits else 60)
    axes.axhline(0, color="0.4", linewidth=0.8)
    axes.margins(y=0.25)
    axes.set_ylabel("deviations\nfrom normal" if knows else "nats per\nframe and band")
    title = "how likely each word is" + (", in standard deviations from what is normal for its sounds" if knows else "")
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(axis="x", pad=34)


def _write(axes: Axes, text: str, place: tuple[float, float], above: float, coordinates: Any, **style: Any) -> None:
    """Write a text some points above a place, or below it."""
    side = "bottom" if above >= 0 else "top"
    shown = text.replace("$", r"\$")
    axes.annotate(shown, place, (0, above), xycoords=coordinates, textcoords="offset points", ha="center", va=side, **style)

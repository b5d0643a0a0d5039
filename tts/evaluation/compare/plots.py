"""Pictures of the answers, drawn by matplotlib's objects: a figure per question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tts.evaluation.compare.plan import COLLAPSE
from tts.evaluation.compare.quantisation import INAUDIBLE
from tts.evaluation.compare.results import ArmResult, CollapseRow, Results
from tts.evaluation.compare.statistics import Estimate
from tts.evaluation.compare.wording import METRICS, number
from tts.evaluation.listen import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {
    "gaussian": "#2a6f97",
    "low_rank": "#468faf",
    "full": "#468faf",
    "mixture": "#5a9367",
    "experts": "#8a6fb0",
    "regression": "#8c8c8c",
    "codes": "#d1603d",
}
CYCLE = ("#2a6f97", "#d1603d", "#5a9367", "#8a6fb0", "#b8860b", "#8c8c8c", "#c2548f")


def draw(results: Results, question: int) -> Figure | None:
    """The picture of a question; None when there is nothing to draw."""
    return PICTURES[question](results)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of a size in inches."""
    require("matplotlib")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def draw_arms(results: Results, question: int, names: Sequence[str]) -> Figure | None:
    """A panel per figure, a dot with its interval per arm; a line marks the reference."""
    arms = [arm for arm in results.asked(question) if arm.figures]
    shown = [name for name in names if any(name in arm.figures for arm in arms)]
    if not arms or not shown:
        return None
    figure = new_figure(2.2 + 2.6 * len(shown), 1.1 + 0.3 * len(arms))
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, shown, strict=True):
        _draw_dots(axes, arms, name, results.arm(results.reference))
    panels[0].set_yticks(range(len(arms)), [arm.label for arm in arms], fontsize=8)
    panels[0].set_ylim(len(arms) - 0.5, -0.5)
    return figure


def _draw_dots(axes: Axes, arms: Sequence[ArmResult], name: str, reference: ArmResult | None) -> None:
    metric = METRICS[name]
    for place, arm in enumerate(arms):
        if name in arm.figures:
            _dot(axes, arm.figures[name].scaled(metric.factor), place, COLORS.get(arm.head, CYCLE[0]))
    if reference is not None and reference in arms and name in reference.figures:
        axes.axvline(metric.factor * reference.figures[name].value, color="0.75", linewidth=1, zorder=0)
    axes.set_xlabel(_with_breaks(metric.label) + metric.unit.replace(" %", ", %"), fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _dot(axes: Axes, shown: Estimate, place: float, color: str) -> None:
    axes.plot((shown.low, shown.high), (place, place), color=color, linewidth=1.6, alpha=0.7)
    axes.plot(shown.value, place, "o", color=color, markersize=5)


def _with_breaks(label: str) -> str:
    return label.replace(" (", "\n(").replace(", ", ",\n") if len(label) > 24 else label


def _draw_heads(results: Results) -> Figure | None:
    return draw_arms(results, 1, ("wer", "mos", "stutter", "diversity", "f0_spread"))


def _draw_densities(results: Results) -> Figure | None:
    return draw_arms(results, 2, ("nll", "crps", "coverage_1", "coverage_2", "wer", "mos"))


def _draw_losses(results: Results) -> Figure | None:
    return draw_arms(results, 3, ("crps", "wer", "mos", "diversity"))


def _draw_shape(results: Results) -> Figure | None:
    return draw_arms(results, 7, ("wer", "mos", "nll", "stutter"))


def _draw_quantisation(results: Results) -> Figure | None:
    """What copies and speech lose, over the bits."""
    quantizers = [q for q in results.quantizers if abs(q.hours - results.hours) < 1e-6]
    if not quantizers:
        return None
    figure = new_figure(10.5, 3.8)
    error_axes, loss_axes = figure.subplots(1, 2)
    for index, kind in enumerate(dict.fromkeys(q.kind for q in quantizers)):
        own = sorted((q for q in quantizers if q.kind == kind), key=lambda q: q.bits_per_second)
        bits, color = [q.bits_per_second for q in own], CYCLE[index]
        error_axes.plot(bits, [q.error.value for q in own], "o-", color=color, label=kind, markersize=4)
        losses = [(q.bits_per_second, q.mos_loss) for q in own if q.mos_loss]
        _interval_line(loss_axes, losses, color, f"copies, {kind}")
    _speech_losses(results, loss_axes)
    error_axes.set(xlabel="bits a second", ylabel="mapping error, natural-log mel")
    loss_axes.axhline(INAUDIBLE, color="0.6", linewidth=1, linestyle="--")
    loss_axes.set(xlabel="bits a second", ylabel=f"DistillMOS lost (dashed: {INAUDIBLE})")
    for axes in (error_axes, loss_axes):
        _ticks_at(axes, [q.bits_per_second for q in quantizers])
        _tidy(axes)
    return figure


def _speech_losses(results: Results, axes: Axes) -> None:
    bits = {q.name: q.bits_per_second for q in results.quantizers}
    for kind, marker, color in (("mapped speech", "s", CYCLE[5]), ("codes predicted", "^", CYCLE[6])):
        arms = [arm for arm in results.asked(4) if arm.quantizer and "mos" in arm.differences]
        arms = [arm for arm in arms if (arm.head == "codes") == (kind == "codes predicted")]
        for index, arm in enumerate(arms):
            gap, place = arm.differences["mos"], bits.get((arm.quantizer or "").split(":")[0])
            if place is not None:
                axes.plot((place, place), (-gap.high, -gap.low), color=color, linewidth=1.2, alpha=0.5)
                axes.plot(place, -gap.value, marker, color=color, markersize=5, label=kind if not index else None)


def _interval_line(axes: Axes, points: Sequence[tuple[float, Estimate]], color: str, label: str) -> None:
    if not points:
        return
    xs = [x for x, _ in points]
    axes.plot(xs, [e.value for _, e in points], "o-", color=color, label=label, markersize=4)
    axes.vlines(xs, [e.low for _, e in points], [e.high for _, e in points], color=color, linewidth=1.2, alpha=0.5)


def _ticks_at(axes: Axes, values: Sequence[float]) -> None:
    """On a logarithmic axis, ticks at round numbers of data that need no power of ten."""
    places = sorted(set(values))
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,.0f}" if place >= 10 else f"{place:g}" for place in places])
    axes.minorticks_off()
    if len(places) > 6:
        axes.tick_params(axis="x", labelrotation=45)


def _tidy(axes: Axes) -> None:
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)


def _draw_cost(results: Results) -> Figure | None:
    """Microseconds over entries, both on logarithms."""
    if results.cost is None:
        return None
    figure = new_figure(7.5, 4.2)
    axes = figure.subplots()
    for index, kind in enumerate(dict.fromkeys(row.what for row in results.cost.rows)):
        rows = [(float(row.entries), row.microseconds) for row in results.cost.rows if row.what == kind]
        _interval_line(axes, rows, CYCLE[index % len(CYCLE)], kind)
    axes.axhline(results.cost.step.value, color="black", linewidth=1, linestyle="--", label="a step of the backbone")
    axes.set(xlabel="entries", ylabel="µs per mel frame, one thread", yscale="log")
    _ticks_at(axes, [row.entries for row in results.cost.rows])
    axes.yaxis.set_major_formatter("{x:g}")
    _tidy(axes)
    return figure


def _draw_likelihood(results: Results) -> Figure | None:
    """Every checkpoint: a figure of the density against what is heard."""
    points = [point for arm in results.arms for point in arm.points]
    heard = [name for name in ("wer", "mos") if any(getattr(point, name) is not None for point in points)]
    signs = [name for name in ("nll", "crps", "energy") if any(getattr(point, name) is not None for point in points)]
    if not heard or not signs:
        return None
    figure = new_figure(3.7 * len(signs), 3.1 * len(heard))
    panels = figure.subplots(len(heard), len(signs), squeeze=False)
    for row, name in zip(panels, heard, strict=True):
        for axes, sign in zip(row, signs, strict=True):
            _scatter(axes, results, sign, name)
            axes.set(xlabel=METRICS[sign].label, ylabel=METRICS[name].label + METRICS[name].unit.replace(" %", ", %"))
            rho = results.correlations.get(f"{sign}, {name}")
            axes.set_title("too few points" if rho is None else f"Spearman {number(rho.value, 2)}", fontsize=9)
            _tidy(axes)
            if axes is not panels[0][-1]:
                _drop_legend(axes)
    return figure


def _scatter(axes: Axes, results: Results, sign: str, heard: str) -> None:
    seen = set()
    for arm in results.arms:
        points = [p for p in arm.points if getattr(p, sign) is not None and getattr(p, heard) is not None]
        if points:
            ys = [METRICS[heard].factor * getattr(p, heard) for p in points]
            label = None if arm.head in seen else arm.head.replace("_", " ")
            axes.plot([getattr(p, sign) for p in points], ys, ".", color=COLORS.get(arm.head, CYCLE[0]), alpha=0.7, label=label)
            seen.add(arm.head)


def _drop_legend(axes: Axes) -> None:
    legend = axes.get_legend()
    if legend is not None:
        legend.remove()


def _draw_little_data(results: Results) -> Figure | None:
    """What is heard over the hours that were learned from, a line per head."""
    arms = [arm for arm in results.asked(8) if arm.has_speech and arm.hours]
    names = [name for name in ("wer", "mos") if any(name in arm.figures for arm in arms)]
    if not names:
        return None
    figure = new_figure(4.4 * len(names), 3.4)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        metric = METRICS[name]
        for head in dict.fromkeys(arm.head for arm in arms):
            own = sorted((arm.hours or 0.0, arm.figures[name].scaled(metric.factor)) for arm in arms if arm.head == head)
            _interval_line(axes, own, COLORS.get(head, CYCLE[0]), head)
        axes.set(xlabel="hours of speech", ylabel=metric.label + metric.unit.replace(" %", ", %"))
        _ticks_at(axes, [arm.hours or 0.0 for arm in arms])
        _tidy(axes)
    return figure


def _draw_collapse(results: Results) -> Figure | None:
    """Signs over the steps of each run, the steps with an alarm filled, and WER below."""
    runs = {name: rows for name, rows in results.collapse.items() if rows}
    if not runs:
        return None
    signs = ("mean_std", "floor_share", "coverage_1", "z2", "own_flux", "own_error")
    shown = [sign for sign in signs if any(sign in row.signs for rows in runs.values() for row in rows)]
    heard = [name for name in ("wer", "mos") if any(getattr(row, name) is not None for rows in runs.values() for row in rows)]
    names = [*shown, *heard]
    n_columns = min(4, len(names))
    figure = new_figure(2.4 * n_columns, 1.8 * -(-len(names) // n_columns) + 0.3)
    panels = figure.subplots(-(-len(names) // n_columns), n_columns, squeeze=False).flatten()
    for axes, name in zip(panels, names, strict=False):
        for index, (run, rows) in enumerate(runs.items()):
            arm = results.arm(run)
            _sign_line(
                axes,
                [(row.step, _sign_value(row, name), name in row.alarms) for row in rows],
                CYCLE[index],
                arm.label if arm else run,
            )
        axes.set_title(name if name in shown else METRICS[name].label + METRICS[name].unit.replace(" %", ", %"), fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        _tidy(axes)
        _drop_legend(axes)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(runs), frameon=False, fontsize=9)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    return figure


def _sign_value(row: CollapseRow, name: str) -> float | None:
    if name not in ("wer", "mos"):
        return row.signs.get(name)
    value: float | None = getattr(row, name)
    return None if value is None else METRICS[name].factor * value


def _sign_line(axes: Axes, points: Sequence[tuple[int, float | None, bool]], color: str, label: str) -> None:
    known = [(step, value, is_alarm) for step, value, is_alarm in points if value is not None and np.isfinite(value)]
    axes.plot([p[0] for p in known], [p[1] for p in known], "-", color=color, linewidth=1.2, label=label)
    for is_alarm, face in ((True, color), (False, "white")):
        own = [p for p in known if p[2] == is_alarm]
        axes.plot([p[0] for p in own], [p[1] for p in own], "o", color=color, markerfacecolor=face, markersize=4)


PICTURES: dict[int, Callable[[Results], Figure | None]] = {
    1: _draw_heads,
    2: _draw_densities,
    3: _draw_losses,
    4: _draw_quantisation,
    5: _draw_cost,
    6: _draw_likelihood,
    7: _draw_shape,
    8: _draw_little_data,
    COLLAPSE: _draw_collapse,
}

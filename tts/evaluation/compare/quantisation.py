"""Questions 4 and 5: what quantisation costs in quality, and what mapping costs in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tts.evaluation.compare.cost import find_crossover
from tts.evaluation.compare.results import ArmResult, Cost, QuantizerResult, Results
from tts.evaluation.compare.statistics import Estimate
from tts.evaluation.compare.tables import HEARD, Answer, difference_sentences, interval
from tts.evaluation.compare.wording import NOT_MEASURED, cell

INAUDIBLE = 0.05  # of the mean opinion score


def answer_quantisation(results: Results) -> Answer | None:
    """Question 4."""
    arms = results.asked(4)
    quantizers = _quantizers_at(results)
    if not quantizers and not any(arm.has_speech for arm in arms):
        return None
    header = [
        "arm",
        "bits a second",
        "mapping error",
        "perplexity",
        "MOS lost by copies",
        "WER",
        "DistillMOS",
        "MOS from unquantised",
    ]
    rows = [_quantisation_row(results, arm) for arm in arms]
    spoken = {arm.quantizer.split(":")[0] for arm in arms if arm.quantizer}
    rows += [[f"{q.name} (copies only)", *_quantizer_cells(q), "", "", ""] for q in quantizers if q.name not in spoken]
    sentences = [_inaudible_copies(quantizers), _inaudible_speech(results, arms), *difference_sentences(results, arms, HEARD)]
    return Answer("", [s for s in sentences if s], header, rows)


def _quantizers_at(results: Results) -> list[QuantizerResult]:
    """Quantisers that learned from the study's usual amount of speech, fewest bits first."""
    return sorted((q for q in results.quantizers if abs(q.hours - results.hours) < 1e-6), key=lambda q: q.bits_per_second)


def _quantizer_of(results: Results, arm: ArmResult) -> QuantizerResult | None:
    name = (arm.quantizer or "").split(":")[0]
    return next(
        (q for q in results.quantizers if q.name == name and (arm.hours is None or abs(q.hours - arm.hours) < 1e-6)), None
    )


def _quantizer_cells(quantizer: QuantizerResult | None) -> list[str]:
    if quantizer is None:
        return ["", "", "", ""]
    return [
        f"{quantizer.bits_per_second:.0f}",
        interval(quantizer.error, 3),
        f"{quantizer.perplexity:.0f}",
        cell("mos", quantizer.mos_loss),
    ]


def _quantisation_row(results: Results, arm: ArmResult) -> list[str]:
    if not arm.has_speech:
        return [arm.label, *_quantizer_cells(_quantizer_of(results, arm)), f"({arm.status})", "", ""]
    gap = arm.differences.get("mos")
    figures = [cell(name, arm.figures.get(name)) for name in HEARD]
    gap_cell = cell("mos", gap) if gap or arm.name != results.reference else ""
    return [arm.label, *_quantizer_cells(_quantizer_of(results, arm)), *figures, gap_cell]


def _inaudible_copies(quantizers: Sequence[QuantizerResult]) -> str | None:
    """From which quantiser on copies lose less than INAUDIBLE."""
    known = [q for q in quantizers if q.mos_loss is not None]
    if not known:
        return None
    fine = [q for q in known if q.mos_loss and q.mos_loss.high < INAUDIBLE]
    shown = fine[0] if fine else min(known, key=lambda q: q.mos_loss.value if q.mos_loss else np.inf)
    figure = f"{shown.name} ({shown.bits_per_second:.0f} bits a second) loses {cell('mos', shown.mos_loss)}"
    if not fine:
        return f"Copies of recordings: no quantiser surely loses less than {INAUDIBLE} of MOS; {figure}, the least."
    return f"Copies of recordings: {figure}, the first, by bits, that surely loses less than {INAUDIBLE} of MOS."


def _inaudible_speech(results: Results, arms: Sequence[ArmResult]) -> str | None:
    """Which arms' gap to the unquantised reference is inaudible."""
    gaps = {arm.label: arm.differences["mos"] for arm in arms if arm.quantizer and "mos" in arm.differences}
    if not gaps:
        return None
    surely = [label for label, gap in gaps.items() if gap.low > -INAUDIBLE]
    audible = [label for label, gap in gaps.items() if gap.high < -INAUDIBLE]
    unsure = [label for label in gaps if label not in surely and label not in audible]
    parts = [
        f"surely inaudible (less than {INAUDIBLE}): {', '.join(surely) or 'none'}",
        f"surely more: {', '.join(audible) or 'none'}",
        f"undecided: {', '.join(unsure) or 'none'}",
    ]
    return f"Speech, loss of MOS against the unquantised reference: {'; '.join(parts)}."


def answer_cost(results: Results) -> Answer | None:
    """Question 5."""
    cost = results.cost
    if cost is None:
        return None
    kinds = list(dict.fromkeys(row.what for row in cost.rows))
    sizes = sorted({row.entries for row in cost.rows})
    found = {(row.entries, row.what): row.microseconds for row in cost.rows}
    rows = [[f"{size:,}", *(_micro(found.get((size, kind))) for kind in kinds)] for size in sizes]
    step = f"A step of the bundled voice's backbone takes {_micro(cost.step)} µs a frame ({cost.cpu}, one thread)."
    return Answer("", [step, *_crossovers(cost, kinds, np.array(sizes, dtype=float))], ["entries, µs a frame", *kinds], rows)


def _micro(estimate: Estimate | None) -> str:
    return NOT_MEASURED if estimate is None else f"{estimate.value:.3g} ({estimate.low:.3g} to {estimate.high:.3g})"


def _crossovers(cost: Cost, kinds: Sequence[str], sizes: np.ndarray) -> list[str]:
    """Where each way of mapping becomes dearer than a step, and than a softmax of the same size."""
    columns = {kind: np.array([row.microseconds.value for row in cost.rows if row.what == kind]) for kind in kinds}
    step = np.full(len(sizes), cost.step.value)
    sentences = []
    for kind, column in columns.items():
        others = {"a step of the backbone": step} | (
            {"the softmax of as many entries": columns["softmax"]} if kind != "softmax" else {}
        )
        parts = [f"dearer than {name} {_from(find_crossover(sizes, column, other), sizes)}" for name, other in others.items()]
        sentences.append(f"{kind}: {'; '.join(parts)}.")
    return sentences


def _from(crossover: float | None, sizes: np.ndarray) -> str:
    if crossover is None:
        return f"at no size up to {sizes[-1]:,.0f}"
    return (
        f"from the smallest size on ({sizes[0]:,.0f})"
        if crossover <= sizes[0]
        else f"from about {float(f'{crossover:.2g}'):,.0f} entries on"
    )

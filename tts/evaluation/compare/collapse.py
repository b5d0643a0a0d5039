"""The provoked collapse: whether the signs of a density leave their bands before the words go."""

from __future__ import annotations

from collections.abc import Sequence

from tts.evaluation.compare.results import CollapseRow, Results
from tts.evaluation.compare.tables import Answer

WER_LEFT = 0.05  # above the best so far, for good: then the words have gone
COLLAPSE_SIGNS = ("mean_std", "floor_share", "coverage_1", "coverage_2", "z2", "mean_rank", "own_flux", "own_error")


def answer_collapse(results: Results) -> Answer | None:
    """The provoked collapse."""
    runs = {name: rows for name, rows in results.collapse.items() if rows}
    if not runs:
        return None
    rows, sentences = [], []
    for name, validations in runs.items():
        arm = results.arm(name)
        label = arm.label if arm else name
        for row in validations:
            signs = [f"{row.signs[sign]:.3g}" if sign in row.signs else "" for sign in COLLAPSE_SIGNS]
            heard = [f"{100 * row.wer:.1f} %" if row.wer is not None else "", f"{row.mos:.2f}" if row.mos is not None else ""]
            rows.append([label, str(row.step), *signs, ", ".join(row.alarms) or "none", *heard])
        sentences.append(_collapse_sentence(label, validations))
    return Answer("", sentences, ["run", "step", *COLLAPSE_SIGNS, "alarms", "WER", "DistillMOS"], rows)


def _collapse_sentence(label: str, rows: Sequence[CollapseRow]) -> str:
    """Which left first: a sign its band for good, or the words."""
    left = first_alarms(rows)
    words = first_wer_loss(rows)
    if left:
        ordered = sorted(left.items(), key=lambda item: item[1])
        signs = "out of their bands to the end: " + ", ".join(f"{sign} from step {step:,}" for sign, step in ordered)
    else:
        signs = "no sign is out of its band at the end"
    if words is None:
        known = [row.wer for row in rows if row.wer is not None]
        heard = (
            "WER was not measured"
            if not known
            else f"WER never rose by {100 * WER_LEFT:g} points for good (last {100 * known[-1]:.1f} %)"
        )
        return f"{label}: {signs}; {heard}."
    before = sorted(sign for sign, step in left.items() if step < words)
    order = f"{len(before)} signs left before it ({', '.join(before)})" if before else "no sign left before it"
    return f"{label}: {signs}; WER rose by {100 * WER_LEFT:g} points for good at step {words:,}; {order}."


def first_alarms(rows: Sequence[CollapseRow]) -> dict[str, int]:
    """For each sign that is outside its band at the end, the step from which it was so without a break."""
    found: dict[str, int] = {}
    for sign in rows[-1].alarms:
        inside = [index for index, row in enumerate(rows) if sign not in row.alarms]
        found[sign] = rows[inside[-1] + 1 if inside else 0].step
    return found


def first_wer_loss(rows: Sequence[CollapseRow]) -> int | None:
    """First step from which WER stays WER_LEFT above the best before it; None when it does not."""
    known = [(row.step, row.wer) for row in rows if row.wer is not None]
    for place, (step, _) in enumerate(known):
        if place and min(wer for _, wer in known[place:]) >= min(wer for _, wer in known[:place]) + WER_LEFT:
            return step
    return None

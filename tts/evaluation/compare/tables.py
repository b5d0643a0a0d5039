"""Tables and sentences that several answers are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tts.evaluation.compare.results import ArmResult, Results
from tts.evaluation.compare.statistics import Estimate
from tts.evaluation.compare.wording import METRICS, NOT_MEASURED, cell, differences_sentence, number

HEARD = ("wer", "mos")


@dataclass(frozen=True)
class Answer:
    """What the report says to one question.

    Attributes:
        title: heading.
        sentences: the answer, one thing each.
        header: of the table.
        rows: of the table.
        picture: whether there is one.
    """

    title: str
    sentences: list[str]
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    picture: bool = True


FACTS: dict[str, tuple[str, Callable[[ArmResult], str]]] = {
    "temperature": ("temperature", lambda arm: f"{arm.temperature:g}"),
    "step_ms": ("ms a step", lambda arm: interval(arm.step_ms)),
    "rtf": ("times real time", lambda arm: f"{1 / (arm.rtf or 1):.0f}"),
    "hours": ("hours", lambda arm: f"{arm.hours:g}"),
    "patch_size": ("frames a patch", lambda arm: f"{arm.patch_size}"),
    "test": ("sentences × seeds", lambda arm: f"{arm.n_sentences} × {arm.n_seeds}"),
}


def arms_table(arms: Sequence[ArmResult], names: Sequence[str], facts: Sequence[str] = ()) -> tuple[list[str], list[list[str]]]:
    """A row per arm: its label, facts, and figures with intervals; columns that nobody has are left out, but for WER and MOS."""
    shown = [name for name in names if name in HEARD or any(name in arm.figures for arm in arms)]
    rows = []
    for arm in arms:
        if not arm.figures:
            rows.append([arm.label, *("" for _ in facts), f"({arm.status})", *("" for _ in shown[1:])])
            continue
        mark = "" if arm.status == "done" else f" ({arm.status})"
        rows.append([arm.label + mark, *(_fact(arm, fact) for fact in facts), *(_figure(arm, name) for name in shown)])
    return ["arm", *(FACTS[fact][0] for fact in facts), *(METRICS[name].label for name in shown)], rows


def _figure(arm: ArmResult, name: str) -> str:
    if name not in arm.figures and name not in HEARD:
        return "none"
    return cell(name, arm.figures.get(name))


def interval(estimate: Estimate | None, digits: int = 2) -> str:
    """Any figure with its interval."""
    if estimate is None:
        return NOT_MEASURED
    return f"{number(estimate.value, digits)} ({number(estimate.low, digits)} to {number(estimate.high, digits)})"


def _fact(arm: ArmResult, name: str) -> str:
    values = {"test": arm.n_sentences} if name == "test" else {name: getattr(arm, name)}
    return NOT_MEASURED if values[name] is None else FACTS[name][1](arm)


def compared(results: Results, arm: ArmResult) -> tuple[dict[str, Estimate], str]:
    """Differences from the arm that it is meant to be compared with, and that arm's label."""
    other = results.arm(arm.against or results.reference)
    return (arm.pair if arm.against else arm.differences), other.label if other else results.reference


def difference_sentences(results: Results, arms: Sequence[ArmResult], names: tuple[str, ...]) -> list[str]:
    """Each arm's differences from what it is compared with."""
    found = []
    for arm in arms:
        differences, other = compared(results, arm)
        sentence = differences_sentence(arm, other, differences, names)
        if sentence:
            found.append(sentence)
    return found

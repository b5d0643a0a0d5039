"""Figures in words: names and units of what is measured, and what an interval allows to be said, whichever way it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tts.evaluation.compare.results import ArmResult
from tts.evaluation.compare.statistics import Estimate

NOT_MEASURED = "not measured"
Verdict = Literal["holds", "is contradicted", "is undecided"]


@dataclass(frozen=True)
class Metric:
    """How a figure is shown.

    Attributes:
        label: in tables and pictures.
        factor: of the stored value.
        unit: after the number.
        digits: behind the point.
        better: which way is better; None for neither.
    """

    label: str
    factor: float = 1.0
    unit: str = ""
    digits: int = 2
    better: Literal["lower", "higher"] | None = None


METRICS = {
    "wer": Metric("WER", 100, " %", 2, "lower"),
    "deletions": Metric("words left out", 100, " %", 2, "lower"),
    "insertions": Metric("words inserted", 100, " %", 2, "lower"),
    "repeats": Metric("words said twice", 100, " %", 2, "lower"),
    "mos": Metric("DistillMOS", 1, "", 3, "higher"),
    "stutter": Metric("frozen stretches a minute", 1, "", 2, "lower"),
    "stutter_share": Metric("share of speech frozen", 100, " %", 2, "lower"),
    "diversity": Metric("mel distance between seeds", 1, "", 3),
    "f0_spread": Metric("F0 spread between seeds, semitones", 1, "", 2),
    "nll": Metric("held-out NLL, nats per dimension", 1, "", 3, "lower"),
    "nll_codes": Metric("held-out NLL, nats per code", 1, "", 3, "lower"),
    "coverage_1": Metric("within 1 sigma (68.3 % is calibrated)", 100, " %", 1),
    "coverage_2": Metric("within 2 sigma (95.4 % is calibrated)", 100, " %", 1),
    "z2": Metric("mean squared z (1 is calibrated)", 1, "", 2),
    "crps": Metric("CRPS", 1, "", 4, "lower"),
    "energy": Metric("energy score", 1, "", 4, "lower"),
}


def cell(name: str, estimate: Estimate | None) -> str:
    """A figure with its interval, for a table."""
    if estimate is None:
        return NOT_MEASURED
    metric = METRICS[name]
    shown = estimate.scaled(metric.factor)
    low, high = (number(value, metric.digits) for value in (shown.low, shown.high))
    return f"{number(shown.value, metric.digits)} ({low} to {high}){metric.unit}"


def difference_words(name: str, estimate: Estimate) -> str:
    """A difference in words: which way, how much, and whether its sign is known."""
    metric = METRICS[name]
    shown = estimate.scaled(metric.factor)
    unit = " points" if metric.unit == " %" else ""
    interval = f"{_signed(shown.low, metric.digits)} to {_signed(shown.high, metric.digits)}"
    if not estimate.excludes_zero:
        return f"not told apart ({_signed(shown.value, metric.digits)}{unit}; {interval})"
    way = "higher" if shown.value > 0 else "lower"
    return f"{number(abs(shown.value), metric.digits)}{unit} {way} ({interval})"


def differences_sentence(arm: ArmResult, other: str, differences: dict[str, Estimate], names: tuple[str, ...]) -> str | None:
    """What is different between an arm and another; None when nothing was measured for both."""
    words = [f"{METRICS[name].label} {difference_words(name, differences[name])}" for name in names if name in differences]
    return f"{arm.label}, compared with {other}: {'; '.join(words)}." if words else None


def judge_claim(name: str, difference: Estimate) -> Verdict:
    """What becomes of "the first is better" by a difference second minus first.

    It holds when the whole interval says so, is contradicted when it says the opposite, and is undecided otherwise.
    """
    better = METRICS[name].better
    assert better is not None, f"{name} has no better side"
    if not difference.excludes_zero:
        return "is undecided"
    is_second_worse = (difference.value > 0) == (better == "lower")
    return "holds" if is_second_worse else "is contradicted"


def best_arm(arms: list[ArmResult], name: str) -> ArmResult | None:
    """The arm whose figure is best; None when none has it."""
    known = [arm for arm in arms if name in arm.figures]
    if not known:
        return None
    sign = 1 if METRICS[name].better == "lower" else -1
    return min(known, key=lambda arm: sign * arm.figures[name].value)


def number(value: float, digits: int) -> str:
    """A number with a true minus sign, and no sign for zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _signed(value: float, digits: int) -> str:
    text = number(value, digits)
    return text if text.startswith("−") or not float(text) else f"+{text}"

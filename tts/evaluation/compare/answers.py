"""The answers: for each question a table and sentences, all made from the figures by rules that can come out either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tts.evaluation.compare.collapse import answer_collapse
from tts.evaluation.compare.plan import COLLAPSE, QUESTIONS
from tts.evaluation.compare.quantisation import answer_cost, answer_quantisation
from tts.evaluation.compare.results import ArmResult, Results
from tts.evaluation.compare.statistics import Estimate
from tts.evaluation.compare.tables import HEARD, Answer, arms_table, compared, difference_sentences, interval
from tts.evaluation.compare.wording import METRICS, best_arm, cell, difference_words, judge_claim

CLAIMED = ("wer", "mos", "stutter", "repeats")
VARIETY = ("diversity", "f0_spread")  # more is not better by itself: noise is various too
CALIBRATED = {"coverage_1": 0.6827, "coverage_2": 0.9545}
COLLAPSE_TITLE = "A collapse, provoked"


def answer(results: Results, question: int) -> Answer:
    """The answer to a question; of one that nothing was measured for, a sentence that says so."""
    title = COLLAPSE_TITLE if question == COLLAPSE else QUESTIONS[question]
    made = ANSWERS[question](results)
    if made is None:
        return Answer(title, ["Nothing was measured for this question."], picture=False)
    return Answer(title, made.sentences, made.header, made.rows, made.picture)


def _heads(results: Results) -> Answer | None:
    """Question 1."""
    arms = results.asked(1)
    if not any(arm.has_speech for arm in arms):
        return None
    names = ("wer", "mos", "deletions", "insertions", "repeats", "stutter", "stutter_share", "diversity", "f0_spread")
    header, rows = arms_table(arms, names, ("test", "temperature", "step_ms", "rtf"))
    sentences = [sentence for arm in arms for sentence in _claims(results, arm)]
    others = [arm for arm in arms if arm.head != "codes"]
    sentences += difference_sentences(results, others, (*CLAIMED, *VARIETY))
    sentences += difference_sentences(results, [arm for arm in arms if arm.head == "codes"], VARIETY) + _speeds(arms)
    frozen = results.recordings.get("stutter")
    if frozen is not None:
        sentences.append(
            f"Held-out recordings, measured in the same way, have {cell('stutter', frozen)} frozen stretches a minute."
        )
    return Answer("", sentences, header, rows)


def _speeds(arms: Sequence[ArmResult]) -> list[str]:
    """Which arm's step is the fastest, and which the slowest."""
    timed = sorted((arm for arm in arms if arm.step_ms is not None), key=lambda arm: arm.step_ms.value if arm.step_ms else 0.0)
    if not timed:
        return []
    shown = [f"{arm.label} {interval(arm.step_ms)} ms" for arm in (timed[0], timed[-1])]
    return [f"A step with its draw, one thread of a busy machine: fastest {shown[0]}, slowest {shown[1]}."]


def _claims(results: Results, arm: ArmResult) -> list[str]:
    """What an arm of codes says about the claim that continuous frames are better."""
    differences, other = compared(results, arm)
    if arm.head != "codes" or not differences:
        return []
    words: dict[str, list[str]] = {}
    for name in CLAIMED:
        if name in differences:
            verdict = judge_claim(name, differences[name])
            words.setdefault(verdict, []).append(
                f"{METRICS[name].label} ({arm.label} {difference_words(name, differences[name])})"
            )
    parts = "; ".join(f"**{verdict}** in {', '.join(found)}" for verdict, found in words.items())
    return [f"{other} against {arm.label}: that frames are better than codes {parts}."]


def _densities(results: Results) -> Answer | None:
    """Question 2."""
    arms = results.asked(2)
    if not any(arm.figures for arm in arms):
        return None
    header, rows = arms_table(arms, ("nll", "coverage_1", "coverage_2", "z2", "crps", "energy", *HEARD))
    sentences = [_best_sentence(arms, name) for name in ("nll", "crps", *HEARD)]
    sentences.append(_calibration(arms))
    return Answer("", [s for s in sentences if s] + difference_sentences(results, arms, ("nll", *HEARD)), header, rows)


def _best_sentence(arms: Sequence[ArmResult], name: str) -> str | None:
    best = best_arm(list(arms), name)
    if best is None:
        return None
    which = "lowest" if METRICS[name].better == "lower" else "highest"
    return f"The {which} {METRICS[name].label}: {best.label}, {cell(name, best.figures[name])}."


def _calibration(arms: Sequence[ArmResult]) -> str | None:
    """Who is calibrated best."""
    known = [arm for arm in arms if all(name in arm.figures for name in CALIBRATED)]
    if not known:
        return None

    def miss(arm: ArmResult) -> float:
        return sum(abs(arm.figures[name].value - share) for name, share in CALIBRATED.items())

    best = min(known, key=miss)
    shares = " and ".join(cell(name, best.figures[name]) for name in CALIBRATED)
    return f"Nearest to calibrated: {best.label}, whose 1 and 2 sigma hold {shares} of the recorded values."


def _losses(results: Results) -> Answer | None:
    """Question 3."""
    arms = results.asked(3)
    if not any(arm.has_speech for arm in arms):
        return None
    header, rows = arms_table(arms, ("nll", "crps", "wer", "mos", "stutter", "diversity"), ("temperature",))
    best = [_best_sentence(arms, name) for name in HEARD]
    return Answer("", [s for s in best if s] + difference_sentences(results, arms, (*HEARD, "diversity")), header, rows)


def _likelihood(results: Results) -> Answer | None:
    """Question 6."""
    points = [point for arm in results.arms for point in arm.points]
    if not points:
        return None
    labels = {"nll": "NLL", "crps": "CRPS", "energy": "energy score", "wer": "WER", "mos": "DistillMOS"}
    rows, sentences = [], []
    for names, rho in results.correlations.items():
        sign, heard = names.split(", ")
        n = sum(getattr(point, sign) is not None and getattr(point, heard) is not None for point in points)
        shown = "too few points" if rho is None else interval(rho)
        rows.append([labels[sign], labels[heard], str(n), shown])
        if rho is not None:
            sentences.append(_prediction(labels[sign], labels[heard], heard, rho))
    return Answer(
        "", sentences or ["There are too few checkpoints to tell."], ["figure", "heard as", "checkpoints", "Spearman"], rows
    )


def _prediction(sign: str, label: str, heard: str, rho: Estimate) -> str:
    """Whether a low figure goes with good speech."""
    expected = 1 if heard == "wer" else -1  # a low score should go with a low WER and a high MOS
    shown = f"Spearman {interval(rho)}"
    if not rho.excludes_zero:
        return f"{sign} does not tell {label}: {shown}."
    if rho.value * expected > 0:
        return f"A lower {sign} goes with a better {label}: {shown}."
    return f"A lower {sign} goes with a worse {label}: {shown}."


def _shape(results: Results) -> Answer | None:
    """Question 7."""
    arms = results.asked(7)
    if not any(arm.has_speech for arm in arms):
        return None
    header, rows = arms_table(arms, ("wer", "mos", "nll", "stutter"), ("patch_size", "step_ms", "rtf"))
    best = [_best_sentence(arms, name) for name in HEARD]
    return Answer("", [s for s in best if s] + difference_sentences(results, arms, HEARD), header, rows)


def _little_data(results: Results) -> Answer | None:
    """Question 8."""
    arms = sorted((arm for arm in results.asked(8)), key=lambda arm: (arm.hours or 0, arm.head == "codes"))
    if not any(arm.has_speech for arm in arms):
        return None
    header, rows = arms_table(arms, ("wer", "mos", "stutter", "nll"), ("hours",))
    pairs = [arm for arm in arms if arm.head == "codes"]
    sentences = [f"{arm.hours:g} h of speech: {text}" for arm in pairs for text in _claims(results, arm)]
    return Answer("", sentences or ["There is no pair of arms to compare yet."], header, rows)


ANSWERS: dict[int, Callable[[Results], Answer | None]] = {
    1: _heads,
    2: _densities,
    3: _losses,
    4: answer_quantisation,
    5: answer_cost,
    6: _likelihood,
    7: _shape,
    8: _little_data,
    COLLAPSE: answer_collapse,
}

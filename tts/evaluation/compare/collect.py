"""From the files of finished stages to the results: figures, intervals, differences, correlations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.evaluation.compare.arm import PLAN_NAME, summarise
from tts.evaluation.compare.corpus import frame_rate
from tts.evaluation.compare.held_out import FIGURES
from tts.evaluation.compare.plan import COLLAPSE, Arm, Study
from tts.evaluation.compare.results import (
    ArmResult,
    CollapseRow,
    Cost,
    Point,
    QuantizerResult,
    Results,
    Tried,
)
from tts.evaluation.compare.schedule import COST, Order, part_of
from tts.evaluation.compare.speaking import Row
from tts.evaluation.compare.statistics import (
    Estimate,
    estimate_difference,
    estimate_mean,
    estimate_median,
    estimate_ratio,
    estimate_spearman,
)
from tts.evaluation.compare.store import Stages, Values, read_json
from tts.evaluation.compare.stutter import find_stutter
from tts.evaluation.machine import cpu_name, versions
from tts.training.alarms import find_alarms

Ratio = tuple[np.ndarray, np.ndarray]  # amounts and sizes of each sentence
SIGNS = ("nll", "crps", "energy")
HEARD = ("wer", "mos")
N_RECORDINGS = 200


def collect(order: Order, command: str) -> Results:
    """Read whatever the study's folder holds so far.

    Raises:
        InputError: it holds no speech at all.
    """
    study = order.study()
    found = {arm.name: Found(study, arm, order.folder / "arms" / arm.name) for arm in study.arms}
    heard = [one.speech for one in found.values() if one.speech]
    if not heard:
        raise InputError(f"{order.folder}: no arm has spoken yet; run the study first")
    arms = [_arm_result(study, arm, found) for arm in study.arms]
    quantizers = _quantizers(study, order.folder / "quantizers")
    cost = Stages(order.folder / COST).read(COST)
    spent = sum(one.stages.seconds() for one in found.values())
    spent += sum(Stages(path).seconds() for path in (order.folder / "quantizers").glob("*"))
    return Results(
        title=study.title,
        command=command,
        is_quick=order.is_quick,
        hours_spent=spent / 3600,
        cpu=cpu_name(),
        versions=versions(),
        recogniser=heard[-1]["recogniser"],
        quality=heard[-1]["quality"],
        reference=study.reference,
        hours=study.hours * study.hours_scale,
        recordings=_recordings(part_of(order.folder, study.hours * study.hours_scale)),
        arms=arms,
        quantizers=quantizers,
        correlations=correlate([point for arm in arms for point in arm.points]),
        cost=Cost.model_validate(cost["values"]) if cost else None,
        collapse=_collapse(study, found),
    )


class Found:
    """What an arm's folder holds."""

    def __init__(self, study: Study, arm: Arm, folder: Path) -> None:
        """Read it; stages of another plan do not count."""
        self.stages = Stages(folder / "stages")
        plan = read_json(folder / PLAN_NAME) or {}
        self.status = _status(plan, study.key_of(arm), read_reason(folder.parents[1] / "failed" / f"{arm.name}.txt"))
        is_known = self.status in ("done", "unfinished")
        names = sorted(path.stem for path in self.stages.folder.glob("*.json")) if is_known else []
        self.values: dict[str, Values] = {name: stored["values"] for name in names if (stored := self.stages.read(name))}
        self.speech = self.values.get("speech")

    @property
    def ratios(self) -> dict[str, Ratio]:
        """Figures of the test set, sentence by sentence."""
        return speech_ratios(self.speech["rows"]) if self.speech else {}


def _status(plan: dict[str, Any], key: str, reason: str | None) -> str:
    if not plan:
        return reason or "not run"
    if plan.get("plan") != key:
        return "run by an older plan"
    return "done" if plan["is_finished"] else "unfinished"


def read_reason(path: Path) -> str | None:
    """Last line of why a job failed; None when it did not."""
    return path.read_text(encoding="utf-8").strip().splitlines()[-1] if path.is_file() else None


def speech_ratios(rows: Sequence[Row]) -> dict[str, Ratio]:
    """Amounts and sizes of each sentence, its readings summed.

    Returns:
        Under each name that was measured for all sentences: `wer`, `deletions`, `insertions` and `repeats` per word of the text,
        `mos`, `stutter` (runs per minute of speech), `stutter_share`, `diversity` and `f0_spread`.
    """
    columns: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        for name, pair in _row_ratios(row).items():
            columns[name].append(pair)
    whole = {name: np.array(pairs, dtype=float) for name, pairs in columns.items() if len(pairs) == len(rows)}
    return {name: (pairs[:, 0], pairs[:, 1]) for name, pairs in whole.items()}


def _row_ratios(row: Row) -> dict[str, tuple[float, float]]:
    readings = row["readings"]
    speech = sum(reading["stutter"]["speech_seconds"] for reading in readings)
    ratios = {
        "stutter": (sum(reading["stutter"]["n_runs"] for reading in readings), speech / 60),
        "stutter_share": (sum(reading["stutter"]["seconds"] for reading in readings), speech),
    }
    words = [reading["words"] for reading in readings]
    if all(words):
        length = sum(count["length"] for count in words)
        deletions, insertions = (sum(count[name] for count in words) for name in ("deletions", "insertions"))
        errors = deletions + insertions + sum(count["substitutions"] for count in words)
        repeats = sum(reading["repeats"] for reading in readings)
        named = {"wer": errors, "deletions": deletions, "insertions": insertions, "repeats": repeats}
        ratios |= {name: (amount, length) for name, amount in named.items()}
    scores = [reading["mos"] for reading in readings if reading["mos"] is not None]
    if scores:
        ratios["mos"] = (sum(scores), len(scores))
    if row["diversity"]:
        ratios["diversity"] = (row["diversity"]["mel_distance"], 1)
        spread = row["diversity"]["f0_spread"]
        ratios["f0_spread"] = (spread or 0.0, float(spread is not None))
    return ratios


def density_ratios(values: Values) -> dict[str, Ratio]:
    """Figures of the density, utterance by utterance, weighted by their frames; those that exist for the head."""
    frames = np.array(values["frames"], dtype=float)
    columns = {name: values[name] for name in FIGURES if values[name] and None not in values[name]}
    return {name: (np.array(column) * frames, frames) for name, column in columns.items()}


def _arm_result(study: Study, arm: Arm, found: dict[str, Found]) -> ArmResult:
    one = found[arm.name]
    stages = found[arm.like or arm.name].values
    trained = stages.get("train") or stages.get("model", {})
    model = trained.get("model") or study.recipe_of(arm).get("model", {})
    ratios = one.ratios
    density = density_ratios(one.values["density"]) if "density" in one.values else {}
    reference, against = found[study.reference], found.get(arm.against or "")
    speed, speech = one.values.get("speed", {}), one.speech or {"rows": []}
    return ArmResult(
        name=arm.name,
        label=arm.label,
        questions=arm.questions,
        status=one.status,
        head=model.get("head", {}).get("kind", "gaussian"),
        is_trained=arm.is_trained,
        against=arm.against,
        quantizer=arm.map_to or arm.quantizer,
        hours=None if arm.run else study.hours_of(study.arm(arm.like or arm.name)),
        patch_size=model.get("patch_size", 4),
        **{name: trained.get(name) for name in ("parameters", "head_hidden", "steps", "frames_per_second", "skipped")},
        seconds=one.stages.seconds(),
        temperature=speech.get("temperature"),
        n_sentences=len(speech["rows"]),
        n_seeds=len(speech["rows"][0]["readings"]) if speech["rows"] else 0,
        step_ms=estimate_median(np.array(speed["step_ms"])) if speed else None,
        rtf=float(np.median(speed["rtf"])) if speed else None,
        figures={name: estimate_ratio(*ratio) for name, ratio in (ratios | density).items()},
        differences={} if arm.name == study.reference else _differences(one, reference),
        pair=_differences(one, against) if against else {},
        tuning=[Tried.model_validate(row) for row in one.values.get("tuning", {}).get("tried", [])],
        points=list(_points(one, trained.get("steps"))),
    )


def _differences(one: Found, other: Found) -> dict[str, Estimate]:
    """What an arm has more than another, over what both measured: the sentences that both spoke, the same held-out utterances."""
    if not (one.speech and other.speech):
        return {}
    shared = sum(a["text"] == b["text"] for a, b in zip(one.speech["rows"], other.speech["rows"], strict=False))
    both = (speech_ratios(found.speech["rows"][:shared]) for found in (one, other) if found.speech)
    pairs = [tuple(both)] if shared else []
    if (
        "density" in one.values
        and "density" in other.values
        and one.values["density"]["frames"] == other.values["density"]["frames"]
    ):
        pairs.append((density_ratios(one.values["density"]), density_ratios(other.values["density"])))
    return {name: estimate_difference(mine[name], theirs[name]) for mine, theirs in pairs for name in mine.keys() & theirs.keys()}


def _points(one: Found, steps: int | None) -> Iterable[Point]:
    """The checkpoints of an arm, the last included, each with as many sentences as the earlier ones were given."""
    stages = one.values
    earlier = sorted(values["step"] for name, values in stages.items() if name.startswith("speech_"))
    for step in earlier:
        yield _point(step, stages.get(f"density_{step}"), stages[f"speech_{step}"]["rows"])
    if one.speech and "density" in stages:
        n = len(stages[f"speech_{earlier[0]}"]["rows"]) if earlier else len(one.speech["rows"])
        rows = [row | {"readings": row["readings"][:1]} for row in one.speech["rows"][:n]]
        yield _point(steps or 0, stages["density"], rows)


def _point(step: int, density: Values | None, rows: Sequence[Row]) -> Point:
    ratios = density_ratios(density) if density else {}
    heard = summarise(list(rows))
    values = {name: float(ratios[name][0].sum() / ratios[name][1].sum()) for name in SIGNS if name in ratios}
    return Point(step=step, **values, **{name: heard[name] for name in HEARD})


def correlate(points: Sequence[Point]) -> dict[str, Estimate | None]:
    """Spearman's correlation of each figure of the density with each of what is heard, over the points that have both."""
    found: dict[str, Estimate | None] = {}
    for sign in SIGNS:
        for heard in HEARD:
            pairs = [(getattr(point, sign), getattr(point, heard)) for point in points]
            whole = np.array([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2)
            found[f"{sign}, {heard}"] = estimate_spearman(whole[:, 0], whole[:, 1])
    return found


def _recordings(features: Path) -> dict[str, Estimate]:
    """Stutter of the held-out recordings: what the measure gives where nothing stutters."""
    data, rate = FeatureFolder(features, "valid"), frame_rate(features)
    found = [find_stutter(data[index].mel.astype(np.float32), rate) for index in range(min(N_RECORDINGS, len(data)))]
    speech = np.array([one.speech_seconds for one in found])
    runs, seconds = np.array([one.n_runs for one in found]), np.array([one.seconds for one in found])
    return {"stutter": estimate_ratio(runs, speech / 60), "stutter_share": estimate_ratio(seconds, speech)}


def _quantizers(study: Study, folder: Path) -> list[QuantizerResult]:
    results = []
    for path in sorted(folder.glob("*")):
        name, _, hours = path.name.partition("@")
        stored = Stages(path).read("quantizer")
        if stored is None or name not in study.quantizers:
            continue
        values = stored["values"]
        frames, pairs = np.array(values["frames"], dtype=float), np.array(values["mos"], dtype=float)
        facts = {key: values[key] for key in ("kind", "perplexity", "bits_per_second", "codebook_size", "n_levels")}
        error = estimate_ratio(np.array(values["error"]) * frames, frames)
        loss = estimate_mean(pairs[:, 0] - pairs[:, 1]) if len(pairs) else None
        results.append(QuantizerResult(name=name, hours=float(hours), error=error, mos_loss=loss, **facts))
    return results


def _collapse(study: Study, found: dict[str, Found]) -> dict[str, list[CollapseRow]]:
    """Validations of the arms that are asked about collapse: signs, alarms, and what was heard at those steps."""
    rows = {}
    for arm in study.arms:
        train = found[arm.name].values.get("train")
        if COLLAPSE not in arm.questions or train is None:
            continue
        heard = {point.step: point for point in _points(found[arm.name], train["steps"])}
        rows[arm.name] = [_collapse_row(valid, heard.get(valid["step"])) for valid in train["valid"]]
    return rows


def _collapse_row(valid: dict[str, float], point: Point | None) -> CollapseRow:
    signs = {name: value for name, value in valid.items() if name != "step"}
    alarms = [line.split()[0] for line in find_alarms(signs)]
    heard = {"wer": point.wer, "mos": point.mos} if point else {}
    return CollapseRow(step=int(valid["step"]), signs=signs, alarms=alarms, **heard)

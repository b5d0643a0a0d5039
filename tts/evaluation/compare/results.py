"""Every number of a study, as one JSON file that the report is made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tts.config import validate
from tts.errors import InputError
from tts.evaluation.compare.statistics import Estimate

RESULTS_NAME = "results.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Point(_Strict):
    """A checkpoint: density on held-out speech beside what is heard; None for what is not measured or does not exist."""

    step: int
    nll: float | None = None
    crps: float | None = None
    energy: float | None = None
    wer: float | None = None
    mos: float | None = None


class Tried(_Strict):
    """A temperature on the sentences for tuning."""

    temperature: float
    wer: float | None
    mos: float | None


class ArmResult(_Strict):
    """All figures of an arm."""

    name: str
    label: str
    questions: tuple[int, ...]
    status: str  # "done", "unfinished", or why there is nothing
    head: str  # kind
    is_trained: bool  # by the study
    against: str | None = None
    quantizer: str | None = None  # of its codes head, or that its draws are mapped to
    hours: float | None = None  # of speech that it learned from
    parameters: int | None = None
    head_hidden: int | None = None
    patch_size: int | None = None
    steps: int | None = None
    frames_per_second: float | None = None  # of training
    skipped: int | None = None  # batches that were not finite
    seconds: float = 0.0  # of all its stages
    temperature: float | None = None
    n_sentences: int = 0
    n_seeds: int = 0
    step_ms: Estimate | None = None  # of the backbone, with its draw; median
    rtf: float | None = None  # compute seconds / audio seconds, one thread
    figures: dict[str, Estimate] = {}
    differences: dict[str, Estimate] = {}  # from the reference, same sentences
    pair: dict[str, Estimate] = {}  # from `against`, same sentences
    tuning: list[Tried] = []
    points: list[Point] = []

    @property
    def has_speech(self) -> bool:
        """Whether it was heard."""
        return self.n_sentences > 0


class QuantizerResult(_Strict):
    """A quantiser on held-out speech."""

    name: str
    hours: float
    kind: str
    codebook_size: int
    n_levels: int
    error: Estimate  # mean absolute difference of natural-log mel
    mos_loss: Estimate | None = None  # of copies by the vocoder: without quantisation less with it
    perplexity: float  # of the first level's codes
    bits_per_second: float


class CostRow(_Strict):
    """Microseconds per mel frame at one number of entries."""

    entries: int
    what: str  # "euclidean", "faiss", "softmax" ...
    microseconds: Estimate


class Cost(_Strict):
    """Times of the mapping beside those of a step."""

    cpu: str
    rows: list[CostRow]
    step: Estimate  # of the bundled voice's backbone, microseconds per frame


class CollapseRow(_Strict):
    """A validation of the run that is meant to collapse, or of the reference at the same step."""

    step: int
    signs: dict[str, float]
    alarms: list[str]  # names of the signs outside their band
    wer: float | None = None
    mos: float | None = None


class Results(_Strict):
    """A whole study."""

    title: str
    command: str
    is_quick: bool
    hours_spent: float  # of processes, all stages together
    cpu: str
    versions: dict[str, str]
    recogniser: str | None
    quality: str | None
    reference: str
    hours: float  # of speech
    recordings: dict[str, Estimate]  # figures of the held-out recordings themselves
    arms: list[ArmResult]
    quantizers: list[QuantizerResult]
    correlations: dict[str, Estimate | None]  # "nll, wer": Spearman over the points
    cost: Cost | None = None
    collapse: dict[str, list[CollapseRow]] = {}  # arm -> validations

    def arm(self, name: str) -> ArmResult | None:
        """The arm of that name."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def asked(self, question: int) -> list[ArmResult]:
        """Arms that a question is about, in the order of the plan."""
        return [arm for arm in self.arms if question in arm.questions]


def write_results(results: Results, path: Path) -> None:
    """Write JSON with rounded numbers, complete or not at all."""
    from tts.checkpoint import replacing

    text = json.dumps(_rounded(results.model_dump(mode="json", exclude_defaults=True)), ensure_ascii=False, separators=(",", ":"))
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_results(path: Path) -> Results:
    """Read what `write_results` wrote.

    Raises:
        InputError: there is none, or it is damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable results ({error}); run the study first") from None
    return validate(Results, values, str(path))


def _rounded(value: Any) -> Any:
    """Numbers to five digits: the JSON is for people too."""
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value

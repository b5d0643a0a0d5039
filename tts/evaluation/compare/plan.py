"""The plan of a study: a TOML file with one base recipe and the arms, each of which says what is different about it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tts.config import merge, validate
from tts.errors import InputError
from tts.evaluation.compare.store import key_of
from tts.evaluation.texts import read_lines
from tts.inference.mapping import parse_map_spec
from tts.inference.sampling import SamplingConfig

QUESTIONS = {
    1: "Continuous heads against discrete codes",
    2: "Which density: diagonal, low rank, mixture, experts",
    3: "Which loss",
    4: "What quantisation costs",
    5: "What the mapping to codes costs in time",
    6: "Does likelihood predict quality",
    7: "Patch size, history corruption, window",
    8: "Little data",
}
FORMAT = 2  # of the files of stages; another number makes those of older versions count as an older plan's
COLLAPSE = 9  # the provoked collapse is asked like a question


class TestSettings(BaseModel):
    """What is spoken and how much is measured."""

    __test__ = False  # for pytest: no test
    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: Path  # one a line; the first are the test set, the last are for tuning
    n_sentences: int = Field(80, gt=0)  # spoken with every seed
    seeds: tuple[int, ...] = Field((1, 2), min_length=1)
    n_snapshot: int = Field(30, ge=0)  # sentences for each intermediate checkpoint, first seed
    n_tuning: int = Field(16, ge=0)  # sentences for each temperature
    temperatures: tuple[float, ...] = Field((0.3,), min_length=1)  # that are tried; of one, none is tried
    n_held_out: int = Field(96, gt=0)  # utterances of the validation split whose density is measured
    n_draws: int = Field(8, gt=1)  # from each density, for CRPS and energy score
    n_copies: int = Field(60, gt=0)  # held-out utterances that a quantiser is measured on
    snapshots: tuple[float, ...] = (0.25, 0.5)  # shares of the steps after which the weights are kept and measured too


class Arm(BaseModel):
    """One thing that is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    label: str  # in tables and pictures
    questions: tuple[int, ...] = Field(min_length=1)
    recipe: dict[str, Any] = {}  # differences from the study's recipe
    like: str | None = None  # arm whose trained model this one speaks with
    hours: float | None = Field(None, gt=0)  # of speech to learn from; the study's if not given
    quantizer: str | None = None  # of the study's quantizers; for the codes head
    map_to: str | None = None  # as in `tts say`, "QUANTIZER:cosine:open": a quantiser of kind kmeans
    decode: dict[str, Any] = {}  # settings of SamplingConfig
    run: Path | None = None  # a finished run of `tts train acoustic`, or a voice with its own vocoder: only spoken and judged
    test: dict[str, Any] = {}  # differences from the study's test settings
    against: str | None = None  # arm that it is compared with beside the reference

    @property
    def is_trained(self) -> bool:
        """Whether the study trains a model for it."""
        return self.like is None and self.run is None


class Corpus(BaseModel):
    """A small corpus that the study makes for itself, spoken by the teacher of the bundled voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: Path  # for recipes/heart/make_corpus.py
    scale: float = Field(0.02, gt=0)  # of its generated texts
    aligner: dict[str, Any] = {}  # recipe of the aligner


class Study(BaseModel):
    """A whole study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    reference: str  # arm that the others are compared with
    features: Path | None = None  # aligned features folder; made by the study if `corpus` is given
    corpus: Corpus | None = None
    hours: float = Field(gt=0)  # of speech that an arm learns from
    hours_scale: float = Field(1.0, gt=0)  # factor of all hours
    minutes_per_arm: float = Field(20.0, gt=0)  # guess for the time left, until the first arms are done
    vocoder: str = "heart"  # voice, by name or folder, whose vocoder all arms speak with
    recipe: dict[str, Any]  # of the acoustic model, without features and out
    quantizers: dict[str, dict[str, Any]] = {}  # name -> recipe of a quantiser, without features and out
    test: TestSettings
    arms: tuple[Arm, ...] = Field(min_length=1)
    report: Path | None = None  # where the finished report goes beside the study's folder

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises:
            InputError: there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise InputError(f"unknown arm {name!r}: take one of {', '.join(arm.name for arm in self.arms)}")

    def test_of(self, arm: Arm) -> TestSettings:
        """Test settings of an arm."""
        return validate(TestSettings, merge(self.test.model_dump(), arm.test), f"arm {arm.name}, test")

    def recipe_of(self, arm: Arm) -> dict[str, Any]:
        """Settings of an arm's training, without features and out."""
        return merge(self.recipe, arm.recipe)

    def key_of(self, arm: Arm) -> str:
        """A hash of all that the plan says about an arm, wherever its files lie."""
        like = self.recipe_of(self.arm(arm.like)) if arm.like else None
        test = self.test_of(arm)
        said = (read_lines(test.sentences), test.model_dump(mode="json", exclude={"sentences"}))
        rest = (*said, self.hours_of(arm), self.vocoder, self.quantizers)
        return key_of(
            FORMAT, arm.model_dump(mode="json", exclude={"label", "questions", "against"}), self.recipe_of(arm), like, *rest
        )

    def hours_of(self, arm: Arm) -> float:
        """Hours that an arm learns from."""
        return (arm.hours or self.hours) * self.hours_scale

    def steps_of(self, arm: Arm) -> int:
        """Steps of an arm's training."""
        return int(self.recipe_of(arm)["task"]["steps"])

    def quantizers_of(self, arm: Arm) -> list[str]:
        """Names of the quantizers that must be there before an arm begins."""
        mapped = [arm.map_to.split(":")[0]] if arm.map_to else []
        return mapped + ([arm.quantizer] if arm.quantizer else [])


def read_study(path: Path, *, is_quick: bool = False) -> Study:
    """Read a study.

    Args:
        path: TOML file; paths of sentences in it are relative to its folder.
        is_quick: lay its section [quick] over the rest; `only` there names the arms that are kept.

    Raises:
        InputError: the file cannot be read, or a setting is wrong.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no valid TOML ({error})") from None
    quick = values.pop("quick", None)
    if is_quick:
        values = _quick(values, quick, path)
    for section in ("test", "corpus"):
        if isinstance(values.get(section), dict) and "sentences" in values[section]:
            values[section] = values[section] | {"sentences": path.parent / str(values[section]["sentences"])}
    study = validate(Study, values, str(path))
    _check(study, str(path))
    return study


def _quick(values: dict[str, Any], quick: Any, path: Path) -> dict[str, Any]:
    if not isinstance(quick, dict):
        raise InputError(f"{path}: has no section [quick]; leave --quick out, or add one")
    quick = dict(quick)
    only = quick.pop("only", None)
    if "corpus" in quick:
        values.pop("features", None)
    values = merge(values, quick)
    if only is not None:
        unknown = set(only) - {arm.get("name") for arm in values.get("arms", [])}
        if unknown:
            raise InputError(f"{path}: quick.only = {sorted(unknown)}: no such arms")
        values["arms"] = [arm for arm in values["arms"] if arm.get("name") in only]
    return values


def _check(study: Study, source: str) -> None:
    names = [arm.name for arm in study.arms]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{source}: arms: the name {name!r} comes twice")
    if study.reference not in names:
        raise InputError(f"{source}: reference = {study.reference!r}: no such arm; take one of {', '.join(names)}")
    if (study.features is None) == (study.corpus is None):
        raise InputError(f"{source}: give either features = FOLDER or a section [corpus]")
    if not isinstance(study.recipe.get("task"), dict) or "steps" not in study.recipe["task"]:
        raise InputError(f"{source}: recipe.task.steps is missing; all arms take so many steps")
    for arm in study.arms:
        _check_arm(study, arm, f"{source}: arm {arm.name}")


def _check_arm(study: Study, arm: Arm, source: str) -> None:
    allowed = {*QUESTIONS, COLLAPSE}
    if not set(arm.questions) <= allowed:
        raise InputError(f"{source}: questions = {list(arm.questions)}: take numbers from 1 to {COLLAPSE}")
    if arm.like is not None and (arm.run is not None or arm.recipe or not study.arm(arm.like).is_trained):
        raise InputError(f"{source}: like = {arm.like!r}: names an arm that is trained, and takes no recipe or run of its own")
    for name in study.quantizers_of(arm):
        if name not in study.quantizers:
            raise InputError(f"{source}: unknown quantizer {name!r}: take one of {', '.join(study.quantizers) or 'none given'}")
    if arm.map_to is not None:
        spec = parse_map_spec(arm.map_to)
        if study.quantizers[spec.source].get("model", {}).get("kind") != "kmeans":
            raise InputError(f"{source}: map_to = {arm.map_to!r}: takes a quantizer with model.kind = 'kmeans'")
    validate(SamplingConfig, arm.decode, f"{source}, decode")
    if arm.against is not None:
        study.arm(arm.against)
    test = study.test_of(arm)
    if not all(0 < share < 1 for share in test.snapshots):
        raise InputError(f"{source}: snapshots = {list(test.snapshots)}: take shares between 0 and 1")
    n_lines = len(read_lines(test.sentences))
    if test.n_sentences + test.n_tuning > n_lines or test.n_snapshot > test.n_sentences:
        raise InputError(
            f"{source}: {test.n_sentences} sentences and {test.n_tuning} for tuning, {n_lines} in {test.sentences}; ask for fewer"
        )

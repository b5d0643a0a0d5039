"""Who does what when: quantisers and arms as jobs, each in a process of its own, two at a time if there are two cores.

A job that fails is reported and does not stop the others; those that need it are left out. Everything that a job finishes is on
file, so that the same command goes on after a kill.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tts.checkpoint import make_folder
from tts.errors import InputError
from tts.evaluation.compare.arm import ArmRun, Inputs, Part, model_config
from tts.evaluation.compare.corpus import make_corpus, make_part
from tts.evaluation.compare.cost import measure_costs
from tts.evaluation.compare.judge import load_judge
from tts.evaluation.compare.plan import FORMAT, Arm, Study, read_study
from tts.evaluation.compare.quantizing import make_quantizer
from tts.evaluation.compare.size import count_parameters, equalise
from tts.evaluation.compare.store import Stages, key_of, read_json, write_json
from tts.evaluation.compare.training import one_thread
from tts.evaluation.compare.voices import vocoder_key

log = logging.getLogger(__name__)
COST = "cost"
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Order:
    """What is to be done, in words that another process understands.

    Attributes:
        recipe: TOML file of the study.
        is_quick: whether its section [quick] counts.
        folder: of the study.
        asr: recogniser, or "none".
    """

    recipe: Path
    is_quick: bool
    folder: Path
    asr: str

    def study(self) -> Study:
        """The plan."""
        return read_study(self.recipe, is_quick=self.is_quick)


@dataclass(frozen=True)
class Job:
    """Something that one process does.

    Attributes:
        kind: "quantizer", "arm" or "cost".
        name: of the quantizer (with its hours) or of the arm.
        needs: names of jobs that must be finished before.
        weight: share of the time of a whole arm, for the guess of the time left.
    """

    kind: str
    name: str
    needs: tuple[str, ...] = ()
    weight: float = 1.0


def plan_jobs(study: Study, only: Sequence[str] = ()) -> list[Job]:
    """All jobs in the order of the arms; quantizers come before the first arm that needs them.

    Args:
        study: the plan.
        only: names of arms; what they need comes too. None means all.
    """
    wanted = {study.arm(name).name for name in only} | {like for name in only if (like := study.arm(name).like)}
    jobs: dict[str, Job] = {}
    for arm in study.arms:
        if wanted and arm.name not in wanted:
            continue
        needs = [quantizer_job(study, arm, name) for name in study.quantizers_of(arm)]
        for name in needs:
            jobs.setdefault(name, Job("quantizer", name, weight=0.2))
        needs += [arm.like] if arm.like else []
        jobs[arm.name] = Job("arm", arm.name, tuple(needs), 1.0 if arm.like is None else 0.35)
    if not wanted:
        jobs[COST] = Job("cost", COST, weight=0.1)
    return list(jobs.values())


def quantizer_job(study: Study, arm: Arm, quantizer: str) -> str:
    """Name of the job that makes a quantizer from the speech that an arm learns from."""
    return f"{quantizer}@{study.hours_of(study.arm(arm.like) if arm.like else arm):g}"


def part_of(folder: Path, hours: float) -> Path:
    """Where so many hours of the corpus are."""
    return folder / "features" / f"hours_{hours:g}"


def prepare_parts(order: Order, workers: int) -> None:
    """Make the corpus if the study makes its own, and the parts of it that arms learn from.

    Raises:
        InputError: the corpus is missing or too small.
    """
    study = order.study()
    features = study.features or make_corpus(_corpus_of(study), order.folder / "corpus", workers)
    keys = {}
    for hours in sorted({study.hours_of(arm) for arm in study.arms} | {study.hours * study.hours_scale}):
        keys[f"{hours:g}"] = make_part(features, hours, part_of(order.folder, hours))
    write_json(order.folder / "features" / "keys.json", keys)


def check(order: Order) -> None:
    """Find out before the first hour what would fail in the last: recogniser, vocoder, sizes of the models.

    Raises:
        InputError: a recogniser is asked for that cannot be loaded, there is no such voice, or an arm cannot be made as large as
            the reference.
    """
    study = order.study()
    load_judge(order.asr)
    vocoder_key(study.vocoder)
    target = count_parameters(model_config(study, study.arm(study.reference)))
    for arm in study.arms:
        if arm.is_trained and arm.name != study.reference:
            equalise(model_config(study, arm), target)


def _corpus_of(study: Study) -> Any:
    assert study.corpus is not None, "a plan has features or a corpus"
    return study.corpus


def arm_run(order: Order, study: Study, arm: Arm) -> ArmRun:
    """An arm with all that it needs; its quantizers must be finished."""
    trained = study.arm(arm.like) if arm.like else arm
    hours = study.hours_of(trained)
    keys = read_json(order.folder / "features" / "keys.json")
    features = Part(part_of(order.folder, hours), keys[f"{hours:g}"])
    quantizer = _quantizer_part(order, study, trained, trained.quantizer)
    mapping = _quantizer_part(order, study, arm, arm.map_to.split(":")[0] if arm.map_to else None)
    return ArmRun(study, arm, order.folder / "arms", Inputs(features, quantizer, mapping), order.asr)


def _quantizer_part(order: Order, study: Study, arm: Arm, name: str | None) -> Part | None:
    if name is None:
        return None
    job = quantizer_job(study, arm, name)
    stored = Stages(order.folder / "quantizers" / job).read("quantizer")
    if stored is None:
        raise InputError(f"quantizer {job}: not made yet")
    return Part(Path(stored["values"]["path"]), stored["values"]["key"])


def do_job(order: Order, job: Job) -> None:
    """Do one job in this process."""
    one_thread()
    study = order.study()
    if job.kind == "arm":
        arm_run(order, study, study.arm(job.name)).run()
    elif job.kind == "quantizer":
        name, _, hours = job.name.partition("@")
        keys = read_json(order.folder / "features" / "keys.json")
        log.info("quantizer %s", job.name)
        part = part_of(order.folder, float(hours))
        make_quantizer(study, name, part, keys[hours], order.folder / "quantizers" / job.name)
    else:
        log.info("cost of the mapping")
        Stages(order.folder / COST).do(COST, key_of(COST, FORMAT, order.is_quick), lambda: measure_costs(order.is_quick))


def run_jobs(
    order: Order, jobs: Sequence[Job], workers: int, begin: Callable[[], None], tell: Callable[[str], None]
) -> list[str]:
    """Do all jobs, some at a time.

    Args:
        order: what the study is.
        jobs: in the order in which they begin, as far as their needs allow.
        workers: processes at a time.
        begin: called first in every process, to set up logging.
        tell: takes a line about what is done and how long the rest will take.

    Returns:
        Names of the jobs that failed or were left out.
    """
    waiting, done, failed = list(jobs), set[str](), list[str]()
    running: dict[str, tuple[Job, BaseProcess, float]] = {}
    clock = _Clock(jobs, order.study().minutes_per_arm, workers)
    make_folder(order.folder / "failed")
    try:
        while waiting or running:
            for job in [job for job in waiting if set(job.needs) & set(failed)]:
                waiting.remove(job)
                failed.append(job.name)
                tell(f"{job.name}: left out, since {', '.join(set(job.needs) & set(failed))} failed")
            for job in _ready(waiting, done, workers - len(running)):
                waiting.remove(job)
                running[job.name] = (job, _start(order, job, begin), time.monotonic())
            for job, process, start in [entry for entry in running.values() if not entry[1].is_alive()]:
                del running[job.name]
                if process.exitcode == 0:
                    done.add(job.name)
                    clock.add(job, time.monotonic() - start)
                    left = clock.words([*waiting, *(entry[0] for entry in running.values())])
                    tell(f"{job.name}: done; {len(done)} of {len(jobs)}, {left}")
                else:
                    failed.append(job.name)
                    tell(f"{job.name}: failed ({_last_line(order.folder / 'failed' / f'{job.name}.txt')})")
            time.sleep(POLL_SECONDS)
    finally:
        for _, process, _ in running.values():
            process.terminate()
    return failed


def _ready(waiting: Iterable[Job], done: set[str], n_free: int) -> list[Job]:
    return [job for job in waiting if set(job.needs) <= done][: max(0, n_free)]


def _start(order: Order, job: Job, begin: Callable[[], None]) -> BaseProcess:
    (order.folder / "failed" / f"{job.name}.txt").unlink(missing_ok=True)
    process = multiprocessing.get_context("spawn").Process(target=_child, args=(order, job, begin, os.getpid()), daemon=True)
    process.start()
    return process


def _child(order: Order, job: Job, begin: Callable[[], None], parent: int) -> None:
    """What a job's process does; why it failed is kept in a file."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    begin()
    try:
        do_job(order, job)
    except Exception as error:
        text = f"{error}\n" if isinstance(error, InputError) else traceback.format_exc()
        (order.folder / "failed" / f"{job.name}.txt").write_text(text, encoding="utf-8")
        raise SystemExit(1) from None


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, however that died: nothing shall write into the study's folder unseen."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _last_line(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    return text.splitlines()[-1] if text else "it was killed"


class _Clock:
    """Guesses the time left from what jobs took so far."""

    def __init__(self, jobs: Sequence[Job], minutes_per_arm: float, workers: int) -> None:
        self.total = sum(job.weight for job in jobs)
        self.workers, self.guess = workers, 60 * minutes_per_arm
        self.seconds = self.weight = 0.0

    def add(self, job: Job, seconds: float) -> None:
        if seconds > 30:  # less was on file already
            self.seconds += seconds
            self.weight += job.weight

    def words(self, left: Iterable[Job]) -> str:
        per_weight = self.seconds / self.weight if self.weight else self.guess
        minutes = sum(job.weight for job in left) * per_weight / 60 / self.workers
        return f"about {minutes / 60:.1f} h left" if minutes >= 90 else f"about {minutes:.0f} min left"

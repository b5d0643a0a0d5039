"""`tts compare`: runs a study of several models, resumes it, and writes its report. Needs the extras [train] and [eval]."""

from __future__ import annotations

import logging
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tts.cli.console import note
from tts.errors import InputError

if TYPE_CHECKING:
    from tts.evaluation.compare.schedule import Order

MAX_WORKERS = 64


def compare(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="TOML file of a study; recipes/compare has one.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder of the study; it is resumed there.")],
    quick: Annotated[bool, typer.Option("--quick", help="The recipe's [quick] section: all at small size, in minutes.")] = False,
    only: Annotated[list[str] | None, typer.Option(metavar="ARM", help="Only this arm; may be repeated.")] = None,
    asr: Annotated[
        str | None, typer.Option(help="faster-whisper model's name or folder, or none.  [default: base, with --quick none]")
    ] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="Run nothing; report what is there.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=MAX_WORKERS, help="Arms at a time, one core each.")] = 1,
) -> None:
    """Compare models: train each arm of a study alike, speak and judge alike, and report with intervals."""
    from tts.evaluation.compare.schedule import Order

    order = Order(recipe, quick, output, asr or ("none" if quick else "base"))
    study = order.study()  # what is wrong with the recipe shall be said first
    failed: list[str] = []
    if not report_only:
        failed = _run(order, only or [], workers)
    _report(order, study.report)
    if failed:
        raise InputError(f"{len(failed)} jobs failed or were left out ({', '.join(failed)}); {output / 'failed'} has the reasons")


def _run(order: Order, only: list[str], workers: int) -> list[str]:
    """Do what is not done yet; returns what failed."""
    from tts.evaluation.compare.schedule import check, plan_jobs, prepare_parts, run_jobs

    set_up_logging()
    study = order.study()
    jobs = plan_jobs(study, only)
    check(order)
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # read by the libraries of the processes that begin now
    note(f"{order.folder}: {len(jobs)} jobs, {workers} at a time; what is finished is not done again")
    prepare_parts(order, workers)
    return run_jobs(order, jobs, workers, set_up_logging, note)


def _report(order: Order, final: Path | None) -> None:
    from tts.evaluation.compare.collect import collect
    from tts.evaluation.compare.report import write_report

    results = collect(order, command_of(order))
    path = write_report(results, order.folder)
    if final is not None and not order.is_quick:
        path = write_report(results, final.parent, final.name)
    done = sum(arm.status == "done" for arm in results.arms)
    note(f"{path}: {done} of {len(results.arms)} arms, {results.hours_spent:.1f} hours of processes")


def command_of(order: Order) -> str:
    """The command that makes the study."""
    words = ["tts", "compare", str(order.recipe), "-o", str(order.folder), *(["--quick"] if order.is_quick else [])]
    asr = [] if order.asr == "none" else ["--asr", Path(order.asr).name]
    return shlex.join([*words, *asr])


def set_up_logging() -> None:
    """Progress of the library to stderr; called in every process."""
    logging.basicConfig(format="tts: %(message)s", level=logging.WARNING)
    logging.getLogger("tts.evaluation.compare").setLevel(logging.INFO)

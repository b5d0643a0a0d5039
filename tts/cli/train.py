"""`tts align`, `tts train`, `tts generate`: from recordings to trained models. All need the extra [train]."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tts.cli.console import note, progress_bar
from tts.cli.options import ADDRESS, RUNNER
from tts.errors import InputError

if TYPE_CHECKING:
    from tts.cli.judge import Judge
    from tts.config import Model
    from tts.training.acoustic import AcousticTask
    from tts.training.aligner import AlignerTask
    from tts.training.loop import Batch
    from tts.training.recipes import AcousticRecipe, AlignerRecipe, Recipe, VocoderRecipe
    from tts.training.vocoder import VocoderTask

RECIPE = typer.Argument(..., metavar="RECIPE", help="TOML file; recipes/ has some.")
SET = typer.Option([], "--set", metavar="section.key=value", help="Replace a setting of the recipe; may be repeated.")
DEVICE = typer.Option("cpu", help="cpu, cuda, mps ...")
FROM = typer.Option(
    None, "--from", metavar="RUN|VOICE", help="Begin with the weights of a run or a voice, such as heart; as `start` in a recipe."
)
THREADS = typer.Option(None, min=1, max=256, help="Threads of one operation.  [default: torch's own choice]")


class Kind(StrEnum):
    """What `tts train` trains."""

    vocoder = "vocoder"
    quantizer = "quantizer"
    acoustic = "acoustic"
    aligner = "aligner"


def align(
    recipe: Path = RECIPE,
    settings: list[str] = SET,
    start: Path | None = FROM,
    device: str = DEVICE,
    threads: int | None = THREADS,
    workers: int = typer.Option(1, min=1, max=256, help="Processes that align when the aligner is trained."),
    runner: str = RUNNER,
    address: str = ADDRESS,
) -> None:
    """Train an aligner by its recipe, then align the recipe's features with it."""
    from tts.audio.mel import MelConfig
    from tts.data.rows import open_runner
    from tts.data.shards import shard_folders
    from tts.training.alignment import align_folder
    from tts.training.distributed import current_world

    runs = open_runner(runner, workers, address)

    resolved, task = _open_task(Kind.aligner, recipe, settings, start, device, threads)
    _train(resolved, task)
    features = resolved.features
    rate = read_run_json(features / "mel.json", MelConfig).frame_rate
    shards = list(dict.fromkeys(shard_folders(features)))
    total, done = sum(map(count_lines, (shard / "index.jsonl" for shard in shards))), 0
    if not current_world().is_first:
        return
    where = str(task.device) if workers == 1 and runner == "local" else "cpu"
    with progress_bar("aligning", total) as show:
        for done in align_folder(resolved.out, features, resolved.task, rate, runs, where):
            show(done)
    dropped = sum(map(count_lines, (shard / "dropped.jsonl" for shard in shards)))
    listed = shards[0] / "dropped.jsonl" if len(shards) == 1 else "dropped.jsonl in each shard"
    note(f"{features}: {done} utterances aligned, {dropped} dropped for an implausible path; {listed} names them")


def count_lines(path: Path) -> int:
    """Lines of a file."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def train(
    kind: Kind = typer.Argument(..., help="What to train."),
    recipe: Path = RECIPE,
    settings: list[str] = SET,
    start: Path | None = FROM,
    judge: Path | None = typer.Option(
        None, metavar="FILE", help="Lines that an acoustic model says at validations; `wer`, by a recogniser, joins its figures."
    ),
    asr: str = typer.Option("base", help="Recogniser of --judge: a faster-whisper model's name or folder."),
    device: str = DEVICE,
    threads: int | None = THREADS,
) -> None:
    """Train by a recipe; a run that was stopped goes on from its last checkpoint."""
    from tts.cli.judge import make_judge

    resolved, task = _open_task(kind, recipe, settings, start, device, threads)
    _train(resolved, task, None if judge is None else make_judge(kind.value, judge, asr, resolved.start))


def _open_task(
    kind: Kind, path: Path, settings: list[str], start: Path | None, device: str, threads: int | None
) -> tuple[Any, Any]:
    """The resolved recipe and its task."""
    import torch

    from tts.cli.start import read_start
    from tts.config import read_toml
    from tts.training.distributed import join_world
    from tts.training.recipes import RECIPES, build_task

    device = join_world(device)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {device}: cannot be used here ({str(error).splitlines()[0]})") from None
    if threads is not None:
        torch.set_num_threads(threads)
    recipe = read_toml(path, RECIPES[kind.value], settings)
    if start is not None:
        recipe = recipe.model_copy(update={"start": start})
    return recipe, build_task(recipe, device, None if recipe.start is None else read_start(kind.value, recipe.start))


def _train(
    recipe: AlignerRecipe | VocoderRecipe | AcousticRecipe,
    task: AlignerTask | VocoderTask | AcousticTask,
    judge: Judge | None = None,
) -> None:
    """Train with a bar on a terminal, and with a line per log row elsewhere."""
    from tts.checkpoint import load_checkpoint
    from tts.training.distributed import current_world
    from tts.training.loop import train as run_loop

    if not current_world().is_first:  # the first speaks for all
        list(run_loop(task, recipe.out, recipe.train, count_frames, judge))
        return
    path = recipe.out / "checkpoint.pt"
    state = load_checkpoint(path)
    step = 0 if state is None else int(state["step"])
    stopped = _stopped_words(recipe, state)
    if step >= task.steps or stopped:
        note(f"{path}: " + (stopped or f"all {task.steps} steps were taken before; --set task.steps=N goes further"))
        list(run_loop(task, recipe.out, recipe.train, count_frames))  # takes no step, but loads the weights
        return
    note(f"{path}: goes on from step {step}" if step else f"{recipe.out}: a run of {task.steps} steps begins")
    try:
        with progress_bar("training", task.steps) as show:
            _show_rows(run_loop(task, recipe.out, recipe.train, count_frames, judge), show)
    except KeyboardInterrupt:
        note(
            f"stopped; the same command goes on from the last checkpoint ({path})"
            if path.exists()
            else "stopped before the first checkpoint"
        )
        raise
    note(f"{path}: " + (_stopped_words(recipe, load_checkpoint(path)) or f"done, {task.steps} steps"))


def _stopped_words(recipe: Recipe, state: dict[str, Any] | None) -> str:
    """Why a run has ended before its last step, from its checkpoint; nothing if it has not."""
    from tts.training.stopping import Stopping

    stopping = Stopping(recipe.train.stopping, recipe.out)
    stopping.load_state_dict((state or {}).get("stopping", {}))
    if not stopping.is_over:
        return ""
    kept = f"the weights of step {stopping.best_step} are kept ({stopping.best:.4f})"
    return f"nothing got better for {stopping.n_since} validations; {kept}"


def _show_rows(rows: Iterator[dict[str, float]], show: Any) -> None:
    for row in rows:
        words = _row_words(row)
        show(int(row["step"]), words)
        if not sys.stderr.isatty():
            note(f"step {int(row['step'])}: {words}")


def _row_words(row: dict[str, float]) -> str:
    """The parts of a log row that tell most."""
    if "loss" in row:
        return f"loss {row['loss']:.4f}, {row['frames_per_second']:,.0f} frames/s"
    levels = ("valid_usage_", "valid_perplexity_")  # of a quantizer: too many to read here
    return ", ".join(f"{name} {value:.4f}" for name, value in row.items() if name != "step" and not name.startswith(levels))


def count_frames(batch: Batch) -> int:
    """Mel frames in a batch of any task, without padding."""
    if "patch_lengths" in batch:
        return int(batch["patch_lengths"].sum()) * batch["mel"].shape[1] // int(batch["patch_lengths"].max())
    return int(batch["mel_lengths"].sum()) if "mel_lengths" in batch else batch["f0"].numel()


def generate(
    acoustic_run: Path = typer.Argument(..., metavar="ACOUSTIC_RUN", help="Folder of a run of `tts train acoustic`."),
    features: Path = typer.Argument(..., metavar="FEATURES", help="Features folder, aligned."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FOLDER", help="Features folder to make; replaced if it is one."),
    hours: float = typer.Option(5.0, min=0.001, max=1e6, help="Hours of training speech at most."),
    temperature: float = typer.Option(0.3, min=0.0, max=2.0, help="Of the draws."),
    threads: int | None = THREADS,
) -> None:
    """Make features whose mels the acoustic model drew, to fine-tune a vocoder on."""
    import torch

    from tts.training.generate import generate_features
    from tts.training.recipes import load_model

    if output.exists() and not (output / "symbols.json").is_file():
        raise InputError(f"-o {output}: holds something that is no features folder; name an empty or a new folder")
    if threads is not None:
        torch.set_num_threads(threads)
    model: Any = load_model("acoustic", acoustic_run)
    done = 0
    with progress_bar("generating", 0) as show:
        for done in generate_features(model, features, output, temperature=temperature, hours=hours):
            show(done)
    note(f"{output}: {done} utterances")


def read_run_json(path: Path, kind: type[Model]) -> Model:
    """Read a JSON file of a run or of features.

    Raises:
        InputError: it is missing, or says something else.
    """
    from tts.config import validate

    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return validate(kind, json.loads(path.read_text(encoding="utf-8")), str(path))

"""`tts prepare`, `tts validate`, `tts speakers`: from a corpus to features that training reads. All need the extra [train]."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from tts.cli.console import note, progress_bar
from tts.cli.options import ADDRESS, RUNNER
from tts.errors import InputError

MAX_SHOWN = 20  # faults of a features folder that are shown
MAX_NARROW = 0.1  # share of narrow clips that is not worth a word: one of vowels alone may seem to be one


def prepare(
    source: str = typer.Argument(..., metavar="CORPUS", help="Folder, manifest or URL of recordings with transcripts."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FEATURES", help="Features folder; what fits there is kept."),
    format: str = typer.Option(
        "auto",
        help="auto, jsonl, ljspeech, libritts, vctk, hifitts, commonvoice, pipe, folder, speakers (a folder of folders), lhotse, "
        "shar, or lhotse:NAME for a recipe of lhotse.",
    ),
    workers: int = typer.Option(os.cpu_count() or 1, min=1, max=256, help="Processes."),
    runner: str = RUNNER,
    address: str = ADDRESS,
    speaker: str = typer.Option("", help="Take the clips of this speaker alone."),
    loudness: float | None = typer.Option(None, min=-70, max=-5, help="LUFS that every clip is brought to, such as -23."),
    max_seconds: float = typer.Option(40.0, min=0.1, max=3600, help="Longer clips are refused."),
    held_out: float = typer.Option(0.04, min=0, max=0.5, help="Share of clips for validation, if the corpus names no splits."),
    max_bad: float = typer.Option(0.2, min=0, max=1, help="Share of bad clips above which the corpus is refused."),
    root: list[Path] = typer.Option([], help="Folder for shards of a large corpus, such as another disk; may be repeated."),
) -> None:
    """Make the features of a corpus: mel, F0 and tokens; a run that was stopped goes on."""
    from tts.data.clean import PrepareConfig
    from tts.data.corpora import open_corpus
    from tts.data.prepare import Progress
    from tts.data.prepare import prepare as prepare_features
    from tts.data.rows import open_runner
    from tts.data.shards import REJECTED

    corpus = open_corpus(source, format, speaker)
    config = PrepareConfig(loudness=loudness, max_seconds=max_seconds, held_out=held_out)
    progress: Progress | None = None
    runs = open_runner(runner, workers, address)
    with progress_bar("preparing", 0) as show:
        for progress in prepare_features(corpus, output, config=config, roots=tuple(root), max_bad=max_bad, runner=runs):
            show(progress.n_done, progress.words(), total=progress.total)
    assert progress is not None
    left_out = f"; left out: {progress.words()}; {output / REJECTED} names them" if progress.n_bad else ""
    note(f"{output}: {progress.n_good} of {progress.total} clips, read as {corpus.format}{left_out}")
    _warn_of_narrow(progress.n_narrow, progress.n_good)


def _warn_of_narrow(n_narrow: int, n_clips: int) -> None:
    """Say how much of a corpus was recorded at too low a rate."""
    if n_narrow > MAX_NARROW * n_clips:
        what = f"{n_narrow} of {n_clips} clips ({100 * n_narrow / n_clips:.0f} %) are narrow: next to nothing above 9 kHz"
        note(f"warning: {what}; a voice of them sounds dull; record at 24 kHz or more, or see docs/voices.md, Narrow recordings")


def validate(
    features: Path = typer.Argument(..., metavar="FEATURES", help="Features folder, aligned or not."),
) -> None:
    """Check that a features folder is whole: files, hashes, shapes, numbers, tokens and durations."""
    from tts.data.shards import shard_folders
    from tts.data.validate import validate_folder

    n_utterances, n_faults, n_narrow, seconds = 0, 0, 0, 0.0
    with progress_bar("checking", len(shard_folders(features))) as show:
        for done, checked in enumerate(validate_folder(features), 1):
            n_utterances, seconds = n_utterances + checked.n_utterances, seconds + checked.seconds
            for fault in checked.faults[: max(0, MAX_SHOWN - n_faults)]:
                note(str(fault))
            n_faults, n_narrow = n_faults + len(checked.faults), n_narrow + checked.n_narrow
            show(done)
    if n_faults:
        raise InputError(f"{features}: {n_faults} faults in {n_utterances} utterances; `tts prepare` makes the features anew")
    note(f"{features}: sound; {n_utterances} utterances, {seconds / 3600:.2f} hours")
    _warn_of_narrow(n_narrow, n_utterances)


def speakers(
    features: Path = typer.Argument(..., metavar="FEATURES", help="Features folder, aligned or not."),
    threads: int = typer.Option(1, min=1, max=256, help="Threads of one operation."),
) -> None:
    """Hear how the speaker of every clip sounds, for a model by references (needs the extra [speakers]); goes on after a stop."""
    import torch

    from tts.audio.speaker import embed_speaker
    from tts.data.dataset import read_rows
    from tts.data.embeddings import embed_folder
    from tts.data.shards import INDEX, shard_folders

    torch.set_num_threads(threads)
    total = sum(len(read_rows(shard / INDEX)) for shard in set(shard_folders(features)) if (shard / INDEX).is_file())
    done = 0
    with progress_bar("listening", total) as show:
        for done in embed_folder(features, embed_speaker):
            show(done)
    note(f"{features}: {done} clips, each with the embedding of its speaker")

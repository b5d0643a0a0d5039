"""From a corpus to a features folder: in pieces, by several processes, and after a kill from where it stopped.

A piece is some clips in the order of the corpus; what it holds is a function of those clips and the settings alone, so that one
process or many, in one go or in several, write the same bytes. Pieces are named by a hash of what they are made of: a second run
makes only those that are missing, and the shards whose clips or settings have changed. What cannot be used is listed in
`rejected.jsonl` with its reason.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts.audio.mel import MelConfig
from tts.checkpoint import make_folder, replacing
from tts.data.clean import PrepareConfig
from tts.data.clips import Clip
from tts.data.corpora import Corpus, open_corpus
from tts.data.plan import Plan, group_clips, make_plan, usable_clips
from tts.data.rows import Finished, LocalRunner, Part, Runner, jsonl, write_whole
from tts.data.shards import (
    MEL,
    REJECTED,
    SHARD,
    SHARDS,
    SPEAKERS,
    SYMBOLS,
    WRITTEN,
    PieceCounts,
    pack,
    read_counts,
    read_piece_rejections,
    read_shard,
    shard_folders,
)
from tts.data.work import MakePiece
from tts.errors import InputError
from tts.text.symbols import DEFAULT_SYMBOLS

MAX_BAD = 0.2  # share of bad clips above which a corpus is refused


@dataclass(frozen=True)
class Progress:
    """How far it is: clips in the corpus, good ones, bad ones by kind, and narrow ones (audio/bandwidth.py) among the good."""

    total: int
    n_good: int
    rejected: Counter[str]
    n_narrow: int = 0

    @property
    def n_bad(self) -> int:
        """Bad clips so far."""
        return self.rejected.total()

    @property
    def n_done(self) -> int:
        """Clips so far."""
        return self.n_good + self.n_bad

    def plus(self, counts: PieceCounts) -> Progress:
        """The progress after another piece."""
        rejected = self.rejected + Counter(counts.rejected)
        return Progress(self.total, self.n_good + counts.n_good, rejected, self.n_narrow + counts.n_narrow)

    def words(self) -> str:
        """The bad clips in words: "3 clipped, 1 silent"."""
        return ", ".join(f"{count} {kind}" for kind, count in self.rejected.most_common())


def prepare(
    corpus: Corpus | Path | str,
    out: Path,
    workers: int = 1,
    mel_config: MelConfig | None = None,
    config: PrepareConfig | None = None,
    *,
    roots: tuple[Path, ...] = (),
    max_bad: float = MAX_BAD,
    runner: Runner | None = None,
) -> Iterator[Progress]:
    """Make the features folder of a corpus, or go on with it.

    Args:
        corpus: a corpus, or a path whose format is found out.
        out: features folder; what is there and fits is kept, what does not fit is made anew.
        workers: processes.
        mel_config: the mel analysis.
        config: what is done to clips, and which are refused.
        roots: folders, perhaps on other disks, that the shards of a large corpus go to in turn; none means `out`.
        max_bad: share of bad clips above which the corpus is refused.
        runner: what makes the pieces; None means `workers` processes of this machine.

    Yields:
        How far it is; the folder is complete when the iteration ends.

    Raises:
        InputError: the corpus cannot be read, or too many of its clips are bad.
    """
    corpus = corpus if isinstance(corpus, Corpus) else open_corpus(str(corpus))
    mel, config = mel_config or MelConfig(), config or PrepareConfig()
    if out.exists() and Path(corpus.source).exists() and out.resolve() == Path(corpus.source).resolve():
        raise InputError(f"-o {out}: is the corpus; name another folder")
    make_folder(out)
    plan = make_plan(corpus, mel, config, out, roots)
    _clear_what_does_not_fit(plan, out)
    progress = Progress(plan.n_clips, 0, Counter())
    runner = runner or LocalRunner(workers)
    for piece, counts in runner.run(MakePiece(mel, config), _pieces(corpus, plan, config)):
        progress = progress.plus(counts)
        _check_share(progress, max_bad, plan, piece, out)
        shard = plan.shard_of(piece)
        if piece == plan.last_piece(shard) and not plan.is_packed(shard):
            pack(plan.folders[shard], plan.piece_paths(shard), plan.shard_keys(shard), mel)
        yield progress
    if plan.folders != [out]:
        _write_root(plan, out, mel)


def _clear_what_does_not_fit(plan: Plan, out: Path) -> None:
    """Remove what an earlier run left that is no part of this one; an old alignment would not fit."""
    if (out / SHARDS).is_file():
        for folder in shard_folders(out):
            if folder not in plan.folders and folder != out and (folder / SHARD).is_file():
                shutil.rmtree(folder)
    is_whole = all(plan.is_packed(shard) for shard in range(len(plan.folders)))
    if not is_whole:
        for name in (SYMBOLS, *WRITTEN):
            (out / name).unlink(missing_ok=True)


def _pieces(corpus: Corpus, plan: Plan, config: PrepareConfig) -> Iterator[Part[Clip] | Finished[tuple[int, PieceCounts]]]:
    """Every piece that is to be made, or if that is done, its number and counts; a packed shard comes as its last piece."""
    packed = [plan.is_packed(shard) for shard in range(len(plan.folders))]
    if all(packed):
        yield from (Finished((plan.last_piece(shard), _counts_of(plan.folders[shard]))) for shard in range(len(packed)))
        return
    for piece, clips in enumerate(group_clips(usable_clips(corpus, config, with_audio=True))):
        shard = plan.shard_of(piece)
        if packed[shard]:
            if piece == plan.last_piece(shard):
                yield Finished((piece, _counts_of(plan.folders[shard])))
            continue
        path = plan.piece_path(piece)
        make_folder(path.parent)
        counts = read_counts(path)
        yield Part(piece, clips, path) if counts is None else Finished((piece, counts))


def _counts_of(folder: Path) -> PieceCounts:
    about = read_shard(folder)
    assert about is not None, f"{folder}: the shard went away"
    return PieceCounts(about["n_good"], about["rejected"], about.get("n_narrow", 0))


def _check_share(progress: Progress, max_bad: float, plan: Plan, piece: int, out: Path) -> None:
    """Stop as soon as it is certain that too many clips are bad, or none is good.

    Raises:
        InputError: with the kinds of damage; rejected.jsonl lists what was found so far.
    """
    if progress.n_good == 0 and progress.n_done == progress.total:
        _write_rejected(plan, piece, out)
        raise InputError(f"{out}: no clip could be used ({progress.words()}); {REJECTED} there gives the reasons")
    if progress.n_bad > max_bad * progress.total:
        _write_rejected(plan, piece, out)
        reason = f"{progress.n_bad} of {progress.total} clips cannot be used, and at most {100 * max_bad:g} % may be bad"
        raise InputError(f"{out}: {reason} ({progress.words()}); {out / REJECTED} names them; --max-bad allows more")


def _write_rejected(plan: Plan, last_piece: int, out: Path) -> None:
    """List the bad clips up to a piece."""
    with replacing(out / REJECTED) as temporary, temporary.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for shard, folder in enumerate(plan.folders[: plan.shard_of(last_piece) + 1]):
            if plan.is_packed(shard):
                file.write((folder / REJECTED).read_text(encoding="utf-8"))
                continue
            n_left_out = max(0, plan.last_piece(shard) - last_piece)
            for path in plan.piece_paths(shard)[: len(plan.shard_keys(shard)) - n_left_out]:
                file.write(jsonl(read_piece_rejections(path)))


def _write_root(plan: Plan, out: Path, mel: MelConfig) -> None:
    """Write what makes a list of shards a features folder."""
    speakers: dict[str, Any] = {}
    for folder in plan.folders:
        about = read_shard(folder)
        assert about is not None
        speakers |= about["speakers"]
    _write_rejected(plan, len(plan.keys) - 1, out)
    names = [os.path.relpath(folder, out) if folder.is_relative_to(out) else str(folder.resolve()) for folder in plan.folders]
    write_whole(out / SPEAKERS, json.dumps(sorted(speakers), ensure_ascii=False))
    write_whole(out / MEL, mel.model_dump_json(indent=2))
    write_whole(out / SHARDS, json.dumps({"shards": names}, indent=1))
    write_whole(out / SYMBOLS, DEFAULT_SYMBOLS.to_json())

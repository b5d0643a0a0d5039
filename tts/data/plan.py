"""What preparation has to make: the pieces of a corpus by a hash of what they are made of, and the shards that they go to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tts.audio.mel import MelConfig
from tts.data.clean import PrepareConfig
from tts.data.clips import Clip, SeenIds
from tts.data.corpora import Corpus
from tts.data.shards import PIECES, read_shard
from tts.errors import InputError

VERSION = 1  # of what is computed; another number makes everything anew
PIECE_CLIPS = 16
SHARD_PIECES = 256  # 4,096 clips, about 1.5 GB of features


@dataclass(frozen=True)
class Plan:
    """What is to be made: keys of the pieces, the number of clips, and the folders of the shards."""

    keys: list[str]
    n_clips: int
    folders: list[Path]

    def shard_keys(self, shard: int) -> list[str]:
        """Keys of a shard's pieces."""
        return self.keys[shard * SHARD_PIECES : (shard + 1) * SHARD_PIECES]

    def piece_path(self, piece: int) -> Path:
        """File of a piece, until its shard is packed."""
        shard, place = divmod(piece, SHARD_PIECES)
        return self.folders[shard] / PIECES / f"{place:05d}-{self.keys[piece]}.npz"

    def piece_paths(self, shard: int) -> list[Path]:
        """Files of a shard's pieces, in order."""
        first = shard * SHARD_PIECES
        return [self.piece_path(piece) for piece in range(first, first + len(self.shard_keys(shard)))]

    def shard_of(self, piece: int) -> int:
        """Number of the shard that a piece belongs to."""
        return piece // SHARD_PIECES

    def last_piece(self, shard: int) -> int:
        """Number of the last piece of a shard."""
        return min((shard + 1) * SHARD_PIECES, len(self.keys)) - 1

    def is_packed(self, shard: int) -> bool:
        """Whether a shard is complete, and made of these clips by these settings."""
        about = read_shard(self.folders[shard])
        return about is not None and about.get("keys") == self.shard_keys(shard)


def make_plan(corpus: Corpus, mel: MelConfig, config: PrepareConfig, out: Path, roots: tuple[Path, ...]) -> Plan:
    """Read the corpus once, without its audio, and lay out what is to be made.

    Args:
        corpus: the corpus.
        mel: settings of the mel.
        config: what is done to clips, and which are refused.
        out: features folder.
        roots: folders that the shards go to in turn, if there is more than one; none means `out`.

    Raises:
        InputError: there are no clips.
    """
    settings = f"{VERSION} {PIECE_CLIPS} {mel.model_dump_json()} {config.model_dump_json()}"
    keys, n_clips = [], 0
    for clips in group_clips(usable_clips(corpus, config, with_audio=False)):
        keys.append(_key(settings, clips))
        n_clips += len(clips)
    if not n_clips:
        whose = f" of speaker {corpus.speaker!r}" if corpus.speaker else ""
        raise InputError(f"{corpus.source}: no clips{whose} here, read as {corpus.format}")
    n_shards = -(-len(keys) // SHARD_PIECES)
    places = roots or (out / "shards",)
    folders = [out] if n_shards == 1 else [places[shard % len(places)] / f"{shard:05d}" for shard in range(n_shards)]
    return Plan(keys, n_clips, folders)


def usable_clips(corpus: Corpus, config: PrepareConfig, *, with_audio: bool) -> Iterator[Clip]:
    """The clips of a corpus, each with a split; one whose id came before has a fault."""
    period = round(1 / config.held_out) if config.held_out else 0
    seen, n_free = SeenIds(), 0
    try:
        for clip in corpus.clips(with_audio=with_audio):
            if not seen.add(clip.id):
                yield replace(clip, fault=("duplicate", f"the id {clip.id!r} comes twice; the first clip of that name is used"))
                continue
            if not clip.split and clip.fault is None:
                is_held_out = bool(period) and n_free % period == 1
                clip, n_free = replace(clip, split="valid" if is_held_out else "train"), n_free + 1
            yield clip
    finally:
        seen.close()


def group_clips(clips: Iterator[Clip]) -> Iterator[list[Clip]]:
    """The clips of each piece."""
    group: list[Clip] = []
    for clip in clips:
        group.append(clip)
        if len(group) == PIECE_CLIPS:
            yield group
            group = []
    if group:
        yield group


def _key(settings: str, clips: list[Clip]) -> str:
    """Hash of what a piece is made of: settings, rows, and size and time of the files."""
    digest = hashlib.blake2b(settings.encode(), digest_size=12)
    for clip in clips:
        stats = [_stat(path) for path in (clip.audio, clip.f0)]
        digest.update(repr((replace(clip, audio=None, f0=None), stats)).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _stat(path: object) -> str:
    if not isinstance(path, Path):
        return path if isinstance(path, str) else ""
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"

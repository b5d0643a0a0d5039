"""Corpora in lhotse's own forms: cuts, recordings with supervisions, Shar shards (local or by URL), its recipes by name."""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tts.data.clips import Clip
from tts.data.tables import SPLIT_OF
from tts.errors import InputError

RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
TABLES = "*.jsonl*"


def read_lhotse(source: str) -> Iterator[Clip]:
    """Clips of manifests: a file of cuts, or a folder with cuts, or with recordings and supervisions of the same names.

    Raises:
        InputError: no manifests, or they cannot be read.
    """
    path = Path(source)
    cuts = [path] if path.is_file() else [p for p in sorted(path.glob(TABLES)) if "cuts" in p.name]
    pairs = [] if cuts else [p for p in sorted(path.glob(TABLES)) if "supervisions" in p.name]
    if not cuts and not pairs:
        raise InputError(f"{source}: no lhotse manifests here; their names hold cuts, or recordings and supervisions")
    for table in cuts:
        from lhotse import CutSet

        for cut in _guarded(CutSet.from_file, table):
            yield from _clips_of_cut(cut, table.parent, _split_of(table.name))
    for table in pairs:
        from lhotse import RecordingSet, SupervisionSet

        recordings = {r.id: r for r in _guarded(RecordingSet.from_file, _recordings_of(table))}
        for supervision in _guarded(SupervisionSet.from_file, table):
            yield _clip_of_supervision(supervision, recordings, table.parent, _split_of(table.name))


def _recordings_of(supervisions: Path) -> Path:
    path = supervisions.with_name(supervisions.name.replace("supervisions", "recordings"))
    if not path.is_file():
        raise InputError(f"{supervisions}: {path.name} is missing beside it")
    return path


def _guarded(read: Callable[[Any], Iterable[Any]], source: Path | str) -> Iterator[Any]:
    """Items of a manifest; whatever lhotse raises over them becomes one line."""
    try:
        yield from read(source)
    except Exception as error:  # lhotse's readers raise what they like
        raise InputError(f"{source}: lhotse cannot read it ({type(error).__name__}: {str(error)[:120]})") from None


def _split_of(name: str) -> str:
    """Split that a manifest's name tells, such as libritts_cuts_dev-clean.jsonl.gz."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), "")


def _clips_of_cut(cut: Any, folder: Path, split: str) -> Iterator[Clip]:
    if not hasattr(cut, "recording") or cut.recording is None:
        yield Clip(cut.id, None, "", fault=("no audio", "the cut has no recording of its own"))
        return
    if not cut.supervisions:
        yield Clip(cut.id, None, "", fault=("no transcript", "the cut has no supervision"))
    for supervision in cut.supervisions:
        name = cut.id if len(cut.supervisions) == 1 else supervision.id
        audio, fault = _audio_of(cut.recording, folder)
        start = cut.start + max(0.0, supervision.start)
        end = min(cut.start + supervision.end, cut.end)
        yield Clip(name, audio, supervision.text or "", start, end, supervision.speaker or "", split, fault=fault)


def _clip_of_supervision(supervision: Any, recordings: dict[str, Any], folder: Path, split: str) -> Clip:
    recording = recordings.get(supervision.recording_id)
    if recording is None:
        return Clip(supervision.id, None, "", fault=("no audio", f"no recording {supervision.recording_id!r}"))
    audio, fault = _audio_of(recording, folder)
    start, end = supervision.start, supervision.end
    return Clip(supervision.id, audio, supervision.text or "", start, end, supervision.speaker or "", split, fault=fault)


def _audio_of(recording: Any, folder: Path) -> tuple[Path | str | bytes | None, tuple[str, str] | None]:
    """Where a recording's audio is; a shell command is never run."""
    source = recording.sources[0]
    if source.type == "file":
        path = Path(source.source)
        return (path if path.is_file() or path.is_absolute() else folder / path), None
    if source.type in ("url", "memory"):
        return source.source, None
    is_command = source.type == "command"
    reason = "is a shell command, which is not run" if is_command else f"has an audio source of type {source.type!r}"
    return None, ("no audio", f"the recording {recording.id!r} {reason}")


def read_shar(source: str) -> Iterator[Clip]:
    """Clips of Shar shards with their audio: a folder of `cuts.*.jsonl.gz` and `recording.*.tar`, or the URL of the cuts.

    A URL may hold a range, `https://host/cuts.{000000..000012}.jsonl.gz`; the tar files lie beside the cuts.
    """
    from lhotse.shar.readers.lazy import TarIterator

    for cuts, tar in shar_shards(source):
        split, fault = _split_of(Path(cuts).name), ("no audio", f"{tar}: has no audio for this cut")
        for cut, item in zip_longest(_lazy_cuts(cuts), _guarded_tar(TarIterator(tar))):
            if cut is None:
                break
            recording, name = item or (None, None)
            if recording is None or name is None or str(name.parent / name.stem) != cut.id:
                yield from (replace(clip, audio=None, fault=fault) for clip in _clips_of_cut(cut, Path(), split))
                continue
            cut.recording = recording
            yield from _clips_of_cut(cut, Path(), split)


def plan_shar(source: str) -> Iterator[Clip]:
    """The same clips without their audio: what can be known without reading the tar files."""
    for cuts, _ in shar_shards(source):
        for cut in _lazy_cuts(cuts):
            yield from _clips_of_cut(cut, Path(), _split_of(Path(cuts).name))


def _lazy_cuts(cuts: str) -> Iterator[Any]:
    from lhotse.lazy import LazyManifestIterator

    yield from _guarded(LazyManifestIterator, cuts)


def _guarded_tar(items: Any) -> Iterator[Any]:
    """Items of a Shar tar file; one that is cut off ends early, and its clips are found to have no audio."""
    try:
        yield from items
    except Exception:  # a damaged tar file or a broken connection raises what it likes
        return


def shar_shards(source: str) -> list[tuple[str, str]]:
    """Paths or URLs of the cuts and of the audio of every shard.

    Raises:
        InputError: there are none, or they do not go together.
    """
    cuts = _expand(source) if "://" in source else sorted(map(str, Path(source).glob("cuts.*.jsonl*")))
    if not cuts or any(not re.search(r"cuts\.[^/]*\.jsonl", name) for name in cuts):
        raise InputError(f"{source}: no Shar shards; name a folder or a URL like https://host/cuts.{{000000..000012}}.jsonl.gz")
    return [(name, re.sub(r"cuts(\.[^/]*)\.jsonl(\.gz)?$", r"recording\1.tar", name)) for name in cuts]


def _expand(url: str) -> list[str]:
    found = RANGE.search(url)
    if not found:
        return [url]
    first, last = found.groups()
    return [RANGE.sub(f"{number:0{len(first)}d}", url, count=1) for number in range(int(first), int(last) + 1)]


def read_by_recipe(name: str, source: str) -> Iterator[Clip]:
    """Clips of a corpus that lhotse has a recipe for, such as "cmu_arctic"; it opens every recording, and stops at a damaged one.

    Raises:
        InputError: lhotse has no such recipe, or it fails.
    """
    for part, manifests in _run_recipe(name, source):
        recordings = {recording.id: recording for recording in manifests["recordings"]}
        for supervision in manifests["supervisions"]:
            yield _clip_of_supervision(supervision, recordings, Path(source), _split_of(part))


@lru_cache(maxsize=1)
def _run_recipe(name: str, source: str) -> list[tuple[str, dict[str, Any]]]:
    from lhotse import recipes

    prepare = getattr(recipes, f"prepare_{name}", None)
    if prepare is None:
        known = ", ".join(sorted(n.removeprefix("prepare_") for n in dir(recipes) if n.startswith("prepare_")))
        raise InputError(f"--format lhotse:{name}: lhotse has no such recipe; it has {known}")
    with tempfile.TemporaryDirectory() as folder:
        wants_folder = "output_dir" in inspect.signature(prepare).parameters
        try:
            result = prepare(source, **({"output_dir": folder} if wants_folder else {}))
        except Exception as error:  # a recipe raises what it likes
            raise InputError(f"{source}: lhotse's recipe {name} fails ({type(error).__name__}: {str(error)[:160]})") from None
        return list(_parts("", result))


def _parts(name: str, result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parts of a recipe's nested result, each with recordings and supervisions."""
    if "supervisions" in result:
        yield name, {kind: list(result[kind]) for kind in ("recordings", "supervisions")}
        return
    for key, value in result.items():
        yield from _parts(f"{name}-{key}", value)

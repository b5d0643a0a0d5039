"""Join features folders into one, each as often as it is said: the batches of a training then hold so much more of it.

python recipes/heart/mix.py runs/heart/mixed runs/heart/features runs/heart/lone_features:30

With a name before it, all of a folder is said by that speaker; so folders of one speaker each become one of several:

python recipes/heart/mix.py runs/mixed anna=runs/anna/features bert=runs/bert/features
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tts.data.dataset import read_speakers
from tts.data.shards import MEL, SHARDS, SPEAKERS, SYMBOLS, read_shards
from tts.errors import InputError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="features folder that is made; it refers to the others, and copies nothing")
    parser.add_argument("features", nargs="+", metavar="[SPEAKER=]FEATURES[:TIMES]")
    args = parser.parse_args()
    parts = [read_part(text) for text in args.features]
    folders = [part.folder for part in parts]
    speakers = sorted({name for part in parts for name in part.speakers})
    if "" in speakers and len(speakers) > 1:
        nameless = next(part.folder for part in parts if "" in part.speakers)
        raise InputError(f"{nameless}: names no speaker, and other folders do; write SPEAKER={nameless}")
    shards = [(shard, part.speaker or name) for part in parts for shard, name in read_shards(part.folder) * part.times]
    args.out.mkdir(parents=True, exist_ok=True)
    for file in (SYMBOLS, MEL):
        if len({(folder / file).read_bytes() for folder in folders}) > 1:
            raise InputError(f"{args.out}: the folders differ in {file}")
        shutil.copyfile(folders[0] / file, args.out / file)
    listed = {"shards": [os.path.relpath(shard, args.out) for shard, _ in shards], "speakers": [name for _, name in shards]}
    (args.out / SHARDS).write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    (args.out / SPEAKERS).write_text(json.dumps(speakers, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True)
class Part:
    """A features folder, how often it is taken, and who says all of it; "" if it says so itself."""

    folder: Path
    times: int
    speaker: str

    @property
    def speakers(self) -> list[str]:
        """Names of all who speak in it."""
        return [self.speaker] if self.speaker else read_speakers(self.folder)


def read_part(text: str) -> Part:
    """Read `[SPEAKER=]FEATURES[:TIMES]`.

    Raises:
        InputError: TIMES is no number above 0, or SPEAKER is no name.
    """
    speaker, is_named, rest = text.rpartition("=") if not Path(text.partition(":")[0]).is_dir() else ("", "", text)
    if is_named and not speaker.strip():
        raise InputError(f"{text}: write SPEAKER=FEATURES with a name")
    name, _, times = rest.partition(":")
    if times and not (times.isdecimal() and int(times)):
        raise InputError(f"{text}: write FEATURES, or FEATURES:TIMES with a whole number above 0")
    return Part(Path(name), int(times or 1), speaker.strip())


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"mix: {error}") from None

"""Join features folders into one, each as often as it is said: the batches of a training then hold so much more of it.

python recipes/heart/mix.py runs/heart/mixed runs/heart/features runs/heart/lone_features:30
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path

from tts.data.shards import MEL, SHARDS, SYMBOLS, shard_folders
from tts.errors import InputError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="features folder that is made; it refers to the others, and copies nothing")
    parser.add_argument("features", nargs="+", metavar="FEATURES[:TIMES]")
    args = parser.parse_args()
    parts = [read_part(text) for text in args.features]
    folders = [folder for folder, _ in parts]
    shards = [shard for folder, times in parts for shard in shard_folders(folder) * times]
    args.out.mkdir(parents=True, exist_ok=True)
    for file in (SYMBOLS, MEL):
        if len({(folder / file).read_bytes() for folder in folders}) > 1:
            raise InputError(f"{args.out}: the folders differ in {file}")
        shutil.copyfile(folders[0] / file, args.out / file)
    paths = [os.path.relpath(shard, args.out) for shard in shards]
    (args.out / SHARDS).write_text(json.dumps({"shards": paths}), encoding="utf-8")


def read_part(text: str) -> tuple[Path, int]:
    """Read `FEATURES[:TIMES]`.

    Raises:
        InputError: TIMES is no number above 0.
    """
    name, _, times = text.partition(":")
    if times and not (times.isdecimal() and int(times)):
        raise InputError(f"{text}: write FEATURES, or FEATURES:TIMES with a whole number above 0")
    return Path(name), int(times or 1)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"mix: {error}") from None

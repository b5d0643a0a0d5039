"""A damaged corpus: every bad clip is named with a reason, and no good one is lost."""

import pytest
from damage import KINDS, ODD, make_damaged

from tts.data.dataset import read_rows
from tts.data.prepare import prepare
from tts.errors import InputError


def check(folder, out, expected, n_clips, **options):
    """Prepare, and compare what was left out with what is damaged."""
    progress = list(prepare(folder, out, **options))[-1]
    rejected = read_rows(out / "rejected.jsonl")
    assert {row["id"]: row["kind"] for row in rejected} == expected
    assert all(row["reason"] and "\n" not in row["reason"] for row in rejected)
    twins = sum(kind == "duplicate" for kind in expected.values())
    good = {row["id"] for row in read_rows(out / "index.jsonl")}
    assert len(good) == progress.n_good == n_clips - len(expected) + twins
    assert progress.n_bad == len(expected) and progress.total == n_clips + twins


def test_every_kind_of_damage_is_named_and_no_good_clip_is_lost(tmp_path):
    expected = make_damaged(tmp_path / "corpus", len(KINDS) + len(ODD), len(KINDS))
    check(tmp_path / "corpus", tmp_path / "out", expected, len(KINDS) + len(ODD), max_bad=0.7)
    assert len(KINDS) >= 20


def test_a_corpus_that_is_mostly_damaged_is_refused_with_the_reasons(tmp_path):
    make_damaged(tmp_path / "corpus", 8, 3)
    with pytest.raises(InputError, match=r"3 of 8 clips cannot be used, and at most 20 % .*no audio.*--max-bad"):
        list(prepare(tmp_path / "corpus", tmp_path / "out"))

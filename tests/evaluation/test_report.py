import io

import pytest
from rich.console import Console

from tts.errors import InputError
from tts.evaluation.report import Report, compute_totals, read_report, report_table, totals_by_seed, write_report


@pytest.fixture
def report(line):
    lines = [
        line(1, "one two three four", "one two three four", seed=1, mos=4.5),
        line(2, "five six", "five sicks", seed=1, mos=3.5),
        line(1, "one two three four", "one three four", seed=2, mos=4.0),
        line(2, "five six", "five six [/b] six", seed=2, mos=4.0),
    ]
    return Report(
        settings={"seeds": [1, 2]},
        voice={"name": "tiny"},
        recogniser="fake",
        quality="fake",
        versions={"python": "3"},
        totals=compute_totals(lines),
        by_seed=totals_by_seed(lines),
        lines=lines,
    )


def test_totals_are_those_counted_by_hand(report):
    totals = report.totals
    assert (totals.n_lines, totals.n_words, totals.n_wrong) == (4, 12, 3)
    assert totals.wer == pytest.approx(4 / 12)
    assert (totals.substitutions, totals.deletions, totals.insertions) == pytest.approx((1 / 12, 1 / 12, 2 / 12))
    assert totals.mos == 4.0
    assert totals.rtf == pytest.approx(0.05)
    assert totals.words_per_minute == pytest.approx(90)
    low, high = totals.wer_interval
    assert low <= totals.wer <= high


def test_each_seed_has_totals_of_its_own(report):
    assert report.by_seed["1"].wer == pytest.approx(1 / 6)
    assert report.by_seed["2"].wer == pytest.approx(3 / 6)


def test_one_seed_needs_no_totals_of_its_own(line):
    assert totals_by_seed([line(1, "a", "a"), line(2, "b", "b")]) == {}


def test_a_report_survives_the_file(report, tmp_path):
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report


@pytest.mark.parametrize("content", ["", "{}", '{"lines": 3}', "[1]"])
def test_what_is_no_report_is_refused(content, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        read_report(path)


def test_the_worst_lines_come_first_and_perfect_ones_not_at_all(report):
    assert [(row.seed, row.index) for row in report.worst()] == [(2, 2), (1, 2), (2, 1)]


def test_the_table_shows_text_as_it_is_written(report):
    console = Console(file=io.StringIO(), width=160)
    console.print(report_table(report))
    shown = console.file.getvalue()
    assert "33.33%" in shown
    assert "five six [/b] six" in shown


def test_silent_and_failed_lines_are_counted(line):
    totals = compute_totals([line(1, "a b", ""), line(2, "c", "", seconds=0.0, mos=None, error="nothing to speak")])
    assert (totals.n_silent, totals.n_failed, totals.wer, totals.deletions) == (1, 1, 1.0, 1.0)


def test_totals_without_timing_or_quality_say_so(line):
    row = line(1, "a", "a").model_copy(update={"compute_seconds": None, "mos": None})
    assert compute_totals([row]).rtf is None
    assert compute_totals([row]).mos is None

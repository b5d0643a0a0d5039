import json
import re

import pytest
from toy_results import about, make_arm, make_results

pytest.importorskip("matplotlib")

from tts.errors import InputError
from tts.evaluation.compare.answers import answer
from tts.evaluation.compare.collapse import first_alarms, first_wer_loss
from tts.evaluation.compare.plan import COLLAPSE, QUESTIONS
from tts.evaluation.compare.report import render, write_report
from tts.evaluation.compare.results import CollapseRow, read_results, write_results
from tts.evaluation.compare.wording import cell, difference_words, judge_claim

ALL = (*QUESTIONS, COLLAPSE)


def sentences(results, question) -> str:
    return " ".join(answer(results, question).sentences)


def test_the_report_is_made_from_the_stored_json_alone(tmp_path):
    write_results(make_results(), tmp_path / "results.json")
    stored = read_results(tmp_path / "results.json")
    path = write_report(stored, tmp_path / "again")
    text = path.read_text(encoding="utf-8")
    assert read_results(tmp_path / "again" / "results.json") == stored
    for question in ALL:
        assert answer(stored, question).title in text
        picture = tmp_path / "again" / "results" / f"question_{question}.png"
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size < 100_000
        assert f"results/question_{question}.png" in text
    assert "quick run" not in text
    assert "(not run)" in text


def test_a_quick_report_says_that_its_figures_mean_nothing():
    assert "its figures mean nothing" in render(make_results(is_quick=True), {})


@pytest.mark.parametrize(
    ("mos", "wer", "of_mos", "of_wer"),
    [
        (-0.2, 0.04, "holds", "holds"),
        (0.2, -0.04, "is contradicted", "is contradicted"),
        (0.0, 0.0, "is undecided", "is undecided"),
    ],
)
def test_the_claim_can_come_out_either_way(mos, wer, of_mos, of_wer):
    said = sentences(make_results(mos, wer), 1)
    claim = said.split("that frames are better than codes ")[1]
    for name, verdict in (("WER", of_wer), ("DistillMOS", of_mos), ("frozen stretches a minute", "is undecided")):
        before = claim[: claim.index(f"{name} (codes ")]
        assert re.findall(r"\*\*(.*?)\*\*", before)[-1] == verdict


def test_less_data_is_compared_hour_by_hour():
    said = sentences(make_results(), 8)
    assert "0.25 h of speech: short against short-codes: that frames are better than codes" in said
    assert "2.5 h of speech: gaussian against codes: that frames are better than codes" in said


def test_inaudible_means_the_whole_interval():
    said = sentences(make_results(), 4)
    assert "rvq4 (750 bits a second) loses 0.010 (−0.010 to 0.030), the first, by bits" in said
    assert "surely inaudible (less than 0.05): mapped; surely more: codes; undecided: none" in said
    said = sentences(make_results(mos_difference=-0.05), 4)
    assert "undecided: codes" in said


def test_a_crossover_is_found_between_sizes():
    said = sentences(make_results(), 5)
    assert "patch, euclidean, brute: dearer than a step of the backbone from about 900 entries on" in said
    assert "softmax: dearer than a step of the backbone from about 1,800 entries on" in said
    assert "dearer than the softmax of as many entries from the smallest size on (256)" in said


def test_correlations_are_read_with_their_sign():
    said = sentences(make_results(), 6)
    assert "A lower CRPS goes with a better DistillMOS" in said
    assert "CRPS does not tell WER" in said
    said = sentences(make_results(correlations={"crps, mos": about(0.8, 0.1)}), 6)
    assert "A lower CRPS goes with a worse DistillMOS" in said


def test_the_collapse_says_what_left_first():
    said = sentences(make_results(), COLLAPSE)
    assert "mean_std from step 30, z2 from step 30" in said
    assert "WER rose by 5 points for good at step 40; 2 signs left before it (mean_std, z2)" in said


def test_an_alarm_that_goes_away_again_is_none():
    rows = [CollapseRow(step=step, signs={}, alarms=alarms) for step, alarms in ((1, ["a", "b"]), (2, ["b"]), (3, ["a", "b"]))]
    assert first_alarms(rows) == {"a": 3, "b": 1}


def test_a_wer_that_recovers_is_no_loss():
    def rows(*rates):
        return [CollapseRow(step=step, signs={}, alarms=[], wer=rate) for step, rate in enumerate(rates)]

    assert first_wer_loss(rows(0.5, 0.1, 0.3, 0.12)) is None
    assert first_wer_loss(rows(0.5, 0.1, 0.3, 0.2)) == 2
    assert first_wer_loss(rows(None, None)) is None


def test_without_a_recogniser_everything_else_is_there():
    results = make_results(recogniser=None)
    arms = [
        arm.model_copy(
            update={
                name: {key: value for key, value in getattr(arm, name).items() if key != "wer"}
                for name in ("figures", "differences", "pair")
            }
        )
        for arm in results.arms
    ]
    text = render(results.model_copy(update={"arms": arms}), {})
    assert "No recogniser: WER is not measured" in text and "not measured" in text
    assert "**holds** in DistillMOS (codes 0.200 lower" in text and "WER (codes" not in text


def test_with_nothing_run_every_question_says_so():
    empty = make_arm("later", "gaussian", (1, 2, 3, 4, 7, 8), 0, 0, figures={}, points=[], n_sentences=0, status="not run")
    results = make_results(arms=[empty], quantizers=[], correlations={}, cost=None, collapse={})
    for question in ALL:
        assert answer(results, question).sentences == ["Nothing was measured for this question."]


def test_a_difference_is_told_apart_by_its_interval():
    assert difference_words("wer", about(0.03)) == "3.00 points higher (+1.00 to +5.00)"
    assert difference_words("mos", about(-0.3)) == "0.300 lower (−0.320 to −0.280)"
    assert difference_words("wer", about(0.01)) == "not told apart (+1.00 points; −1.00 to +3.00)"
    assert judge_claim("mos", about(-0.3)) == "holds" and judge_claim("wer", about(-0.3)) == "is contradicted"
    assert cell("wer", None) == "not measured" and cell("wer", about(0.1)) == "10.00 (8.00 to 12.00) %"


def test_results_are_small_and_damaged_ones_are_refused(tmp_path):
    write_results(make_results(), tmp_path / "results.json")
    assert "0.30000000000000004" not in (tmp_path / "results.json").read_text(encoding="utf-8")
    values = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    (tmp_path / "results.json").write_text(json.dumps(values | {"colour": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="colour"):
        read_results(tmp_path / "results.json")
    with pytest.raises(InputError, match="run the study first"):
        read_results(tmp_path / "none.json")

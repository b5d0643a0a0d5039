import json

import pytest

pytest.importorskip("torchaudio")

from tts.data.shards import read_rows
from tts.errors import InputError
from tts.evaluation.compare import arm as arm_module
from tts.evaluation.compare.collect import Found, collect
from tts.evaluation.compare.corpus import choose_hours, frame_rate
from tts.evaluation.compare.plan import read_study
from tts.evaluation.compare.schedule import Order, arm_run, plan_jobs, prepare_parts, quantizer_job
from tts.evaluation.compare.speaking import choose_temperature, speak_and_judge
from tts.evaluation.compare.store import Stages
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig


class Killed(Exception):
    """Stands for a kill: nothing is tidied up."""


@pytest.fixture
def order(study_file, tmp_path) -> Order:
    order = Order(study_file, False, tmp_path / "out", "none")
    prepare_parts(order, 1)
    return order


def make_run(order, judge, name="plain"):
    study = order.study()
    run = arm_run(order, study, study.arm(name))
    run.judge = judge
    return run


def test_an_arm_that_was_killed_goes_on_and_repeats_nothing(order, judge, monkeypatch):
    spoken = []
    original = arm_module.speak_and_judge

    def speak(tts, lines, seeds, sampling, judge, folder):
        spoken.append(folder.name)
        return original(tts, lines, seeds, sampling, judge, folder)

    def kill(*_):
        raise Killed

    monkeypatch.setattr(arm_module, "speak_and_judge", speak)
    monkeypatch.setattr(arm_module, "measure_held_out", kill)
    with pytest.raises(Killed):
        make_run(order, judge).run()
    assert [name.partition("-")[0] for name in spoken] == ["tuning_0.3", "tuning_0.6", "test"]
    unfinished = collect(order, "tts compare").arm("plain")
    assert unfinished.status == "unfinished" and unfinished.n_sentences == 2 and "nll" not in unfinished.figures

    monkeypatch.undo()
    for name in ("train_arm", "speak_and_judge"):  # finished: they must not be called again
        monkeypatch.setattr(arm_module, name, kill)
    make_run(order, judge).run()
    done = collect(order, "tts compare").arm("plain")
    assert done.status == "done" and {"wer", "mos", "nll", "crps", "stutter"} <= done.figures.keys()
    assert done.figures["mos"] == unfinished.figures["mos"]
    assert done.steps == 4 and done.parameters > 0 and len(done.tuning) == 2

    make_run(order, judge).run()  # nothing is left
    folder = order.folder / "arms" / "plain"
    (voice,) = folder.glob("voice-*")
    assert (voice / "config.json").is_file()


def test_only_the_sentence_that_was_not_finished_is_spoken_again(order, judge, tmp_path, tiny_voice):
    tts, lines, folder = TTS.load(tiny_voice), ["One.", "Two.", "Three."], tmp_path / "speech"
    whole = speak_and_judge(tts, lines, (1, 2), SamplingConfig(), judge, folder)
    kept = (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "rows.jsonl").write_text(kept[0] + kept[1][:30], encoding="utf-8")
    first = (folder / "0000_1.wav").stat().st_mtime_ns
    again = speak_and_judge(tts, lines, (1, 2), SamplingConfig(), judge, folder)
    assert (folder / "0000_1.wav").stat().st_mtime_ns == first
    assert [row["readings"][0]["mos"] for row in again] == [row["readings"][0]["mos"] for row in whole]
    assert all(row["diversity"]["mel_distance"] > 0 for row in whole)
    assert len((folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_figures_of_an_older_plan_do_not_count(order, judge, study_file):
    folder = order.folder / "arms" / "plain"
    (folder / "stages").mkdir(parents=True)
    study = order.study()
    rows = [{"index": 0, "text": "One.", "readings": [], "diversity": None}]
    speech = {"key": "k", "seconds": 1, "values": {"rows": rows, "temperature": 0.3, "recogniser": None, "quality": None}}
    (folder / "stages" / "speech.json").write_text(json.dumps(speech))
    (folder / "plan.json").write_text(json.dumps({"plan": study.key_of(study.arm("plain")), "is_finished": False}))
    assert Found(study, study.arm("plain"), folder).speech is not None
    study_file.write_text(study_file.read_text().replace("steps = 4", "steps = 5"))
    older = Found(read_study(study_file), study.arm("plain"), folder)
    assert older.speech is None and older.status == "run by an older plan"


def test_parts_of_the_corpus_lie_in_each_other(toy_features):
    rows, rate = read_rows(toy_features / "index.jsonl"), frame_rate(toy_features)
    few, more = (choose_hours(rows, hours, rate) for hours in (0.0001, 0.00025))
    assert few == more[: len(few)] and len(few) < len(more)
    seconds = sum(row["mel"][1] for row in few) / rate
    assert 0.0001 * 3600 <= seconds < 0.00025 * 3600
    assert {row["split"] for row in more} == {"train"}
    with pytest.raises(InputError, match="ask for fewer"):
        choose_hours(rows, 5.0, rate)


def test_a_stage_is_done_once_for_each_key(tmp_path):
    stages, calls = Stages(tmp_path / "stages"), []

    def work():
        calls.append(1)
        return {"n": len(calls)}

    assert [stages.do("a", key, work)["n"] for key in ("x", "x", "y", "y")] == [1, 1, 2, 2]
    (tmp_path / "stages" / "a.json").write_text('{"key": "y", "sec')  # half written, by another program
    assert stages.do("a", "y", work) == {"n": 3}


def test_the_temperature_that_sounds_best_among_the_intelligible_is_taken():
    def row(temperature, wer, mos):
        return {"temperature": temperature, "wer": wer, "mos": mos}

    assert choose_temperature([row(0.2, 0.05, 3.0), row(0.4, 0.06, 3.5), row(0.7, 0.2, 4.0)]) == 0.4
    assert choose_temperature([row(0.2, None, 3.0), row(0.7, None, 4.0)]) == 0.7
    assert choose_temperature([row(0.2, 0.3, None), row(0.7, 0.1, None)]) == 0.7
    assert choose_temperature([row(0.2, None, None), row(0.7, None, None)]) == 0.2


def test_a_quantizer_is_made_from_the_speech_of_the_arm_that_is_mapped(study_file):
    study = read_study(study_file)
    job = quantizer_job(study, study.arm("mapped"), "book")
    assert job == "book@0.0003" and job in [one.name for one in plan_jobs(study)]


def test_a_packaged_voice_is_an_arm_that_is_heard_as_it_is(order, judge, study_file, tiny_voice):
    voice = f'\n[[arms]]\nname = "voice"\nlabel = "a voice"\nquestions = [1]\nrun = "{tiny_voice}"\n'
    study_file.write_text(study_file.read_text() + voice)
    make_run(order, judge, "voice").run()
    heard = collect(order, "tts compare").arm("voice")
    assert heard.status == "done" and heard.n_sentences == 2 and "nll" not in heard.figures
    assert heard.parameters == TTS.load(tiny_voice).voice.config.n_parameters["acoustic"]
    assert not list((order.folder / "arms" / "voice").glob("voice-*"))
    study_file.write_text(study_file.read_text().replace(f'run = "{tiny_voice}"', 'run = "no_such"'))
    with pytest.raises(InputError, match="no_such: no run of `tts train acoustic` and no voice here yet"):
        make_run(order, judge, "voice").run()

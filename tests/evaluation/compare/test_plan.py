from pathlib import Path

import pytest

from tts.config import merge
from tts.errors import InputError
from tts.evaluation.compare.plan import read_study
from tts.evaluation.compare.schedule import plan_jobs

RECIPE = Path(__file__).parents[3] / "recipes" / "compare" / "study.toml"


def with_text(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_an_arm_differs_from_the_base_in_what_it_says_and_in_nothing_else(study_file):
    study = read_study(study_file)
    base, mixture = (study.recipe_of(study.arm(name)) for name in ("plain", "pair"))
    assert mixture["model"]["head"] == {"hidden": 16, "kind": "mixture", "n_components": 2}
    assert mixture | {"model": 0} == base | {"model": 0}
    assert mixture["model"] | {"head": 0} == base["model"] | {"head": 0}


def test_settings_are_merged_deeply_and_the_base_stays():
    base = {"a": {"b": 1, "c": 2}, "d": 3}
    assert merge(base, {"a": {"c": 4}, "e": 5}) == {"a": {"b": 1, "c": 4}, "d": 3, "e": 5}
    assert base == {"a": {"b": 1, "c": 2}, "d": 3}


def test_what_an_arm_needs_comes_before_it(study_file):
    jobs = plan_jobs(read_study(study_file))
    assert [job.name for job in jobs] == ["plain", "pair", "book@0.0003", "mapped", "cost"]
    assert jobs[3].needs == ("book@0.0003", "plain")


def test_only_an_arm_brings_what_it_needs(study_file):
    assert [job.name for job in plan_jobs(read_study(study_file), ["mapped"])] == ["plain", "book@0.0003", "mapped"]


def test_a_change_of_the_plan_changes_the_key_of_the_arm_alone(study_file):
    before = read_study(study_file)
    after = read_study(with_text(study_file, "n_components = 2", "n_components = 3"))
    keys = [[study.key_of(arm) for arm in study.arms] for study in (before, after)]
    assert [a == b for a, b in zip(*keys, strict=True)] == [True, False, True]


def test_a_label_is_no_part_of_the_key(study_file):
    before = read_study(study_file)
    after = read_study(with_text(study_file, 'label = "mapped"', 'label = "nearest"'))
    assert before.key_of(before.arm("mapped")) == after.key_of(after.arm("mapped"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reference = "plain"', 'reference = "other"', "reference = 'other': no such arm; take one of plain, pair, mapped"),
        ('name = "pair"', 'name = "plain"', "the name 'plain' comes twice"),
        ('like = "plain"', 'like = "nobody"', "unknown arm 'nobody'"),
        ('map_to = "book:cosine"', 'map_to = "shelf"', "unknown quantizer 'shelf': take one of book"),
        ('map_to = "book:cosine"', 'map_to = "book:far"', "unknown word 'far'"),
        ("questions = [1, 2]\n", "questions = [1, 12]\n", "take numbers from 1 to 9"),
        ("n_sentences = 2", "n_sentences = 3", "3 sentences and 1 for tuning, 3 in"),
        ("snapshots = []", "snapshots = [1.5]", "take shares between 0 and 1"),
        ("hours = 0.0003", "hours = 0", "hours = 0"),
        ("steps = 4, ", "", "recipe.task.steps is missing"),
        ("\n[test]", "\ncolour = 3\n[test]", "colour = 3"),
        ("[test]", "[test", "no valid TOML"),
    ],
)
def test_a_wrong_plan_is_refused_in_one_line(study_file, old, new, message):
    with pytest.raises(InputError) as error:
        read_study(with_text(study_file, old, new))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_study_without_a_quick_section_cannot_be_quick(study_file):
    with pytest.raises(InputError, match=r"has no section \[quick\]"):
        read_study(study_file, is_quick=True)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.toml: cannot be read"):
        read_study(tmp_path / "nothing.toml")


@pytest.mark.parametrize("is_quick", [False, True])
def test_the_recipe_of_the_project_asks_every_question(is_quick):
    study = read_study(RECIPE, is_quick=is_quick)
    asked = {question for arm in study.arms for question in arm.questions}
    assert asked >= {1, 2, 3, 4, 7, 8, 9}  # 5 is a measurement of its own, 6 takes all arms
    assert study.arms[0].name == study.reference
    assert (study.corpus is not None) == is_quick


def test_the_sentences_are_many_varied_and_plain():
    lines = (RECIPE.parent / "sentences.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines)) == 220
    assert all(5 <= len(line.split()) <= 15 for line in lines)
    assert not any(character.isdigit() for line in lines for character in line)

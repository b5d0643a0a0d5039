"""Models of several speakers: whose features, whose vectors, and what they begin with."""

import json
import shutil

import numpy as np
import pytest
import torch
from toy_runs import run

from tts.data.dataset import FeatureFolder, read_rows
from tts.data.embeddings import embed_folder
from tts.data.validate import validate_folder
from tts.errors import InputError
from tts.training.generate import generate_features
from tts.training.recipes import build_task, load_model
from tts.training.speakers import References
from tts.training.start import Start

NAMES = ("anna", "bert", "carl")


def sound_of(waveform: np.ndarray, rate: int) -> np.ndarray:
    """A vector that differs from clip to clip; stands for an embedding."""
    vector = np.random.default_rng(int(np.abs(waveform).sum() * 1e3)).uniform(size=256).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def choir(features, tmp_path_factory):
    """A function of names that gives a folder in which each of them says the toy clips, with embeddings."""
    copied = shutil.copytree(features, tmp_path_factory.mktemp("choir") / "alone")
    list(embed_folder(copied, sound_of))

    def make(*names: str):
        folder = tmp_path_factory.mktemp("choir")
        for file in ("symbols.json", "mel.json"):
            shutil.copyfile(features / file, folder / file)
        (folder / "shards.json").write_text(json.dumps({"shards": [str(copied)] * len(names), "speakers": names}))
        (folder / "speakers.json").write_text(json.dumps(sorted(names)))
        return folder

    return make


def recipe_of(make_recipe, folder, kind="table", name="run", **more):
    return make_recipe("acoustic", name, model={"speakers": {"kind": kind}}, **more).model_copy(update={"features": folder})


def start_of(recipe) -> Start:
    """The untrained model of a recipe as something to begin with."""
    model = build_task(recipe, "cpu").model
    weights = {name: value + 0.01 if value.is_floating_point() else value for name, value in model.state_dict().items()}
    return Start("alone", model.config.model_dump(), weights)


def test_clips_of_a_mixture_are_said_by_whom_it_names(choir):
    data = FeatureFolder(choir("bert", "anna"), "train")
    assert data.speakers == ["anna", "bert"] and data.speaker_places.tolist() == [1] * 10 + [0] * 10
    assert data[0].speaker == 1 and data.read_row(10)["speaker"] == "anna"


def test_embeddings_are_made_once_and_go_on_after_a_stop(features, tmp_path):
    folder, asked = shutil.copytree(features, tmp_path / "features"), []

    def embed(waveform, rate):
        asked.append(rate)
        return sound_of(waveform, rate)

    stopped = embed_folder(folder, embed)
    assert [next(stopped) for _ in range(3)] == [1, 2, 3]
    stopped.close()
    with pytest.raises(InputError, match="no embeddings of its speakers here; `tts speakers`"):
        FeatureFolder(folder, "train").read_embedding(0)
    assert list(embed_folder(folder, embed))[-1] == 12 and len(asked) == 12 and set(asked) == {24_000}
    assert list(embed_folder(folder, embed)) == [12] and len(asked) == 12
    assert [fault for checked in validate_folder(folder) for fault in checked.faults if "embeddings" in fault.place] == []
    data, row = FeatureFolder(folder, "valid"), read_rows(folder / "index.jsonl")[11]
    waveform = np.load(folder / "waveform.npy")[row["waveform"][0] : sum(row["waveform"])]
    assert np.array_equal(data.read_embedding(1), sound_of(waveform.astype(np.float32) / 32768, 24_000))
    np.save(folder / "embeddings.npy", np.full((12, 256), np.nan, np.float32))
    assert any("embeddings.npy" in fault.place for checked in validate_folder(folder) for fault in checked.faults)


def test_a_reference_is_another_clip_of_the_same_speaker_and_a_function_of_the_step(choir):
    data = FeatureFolder(choir("anna", "bert"), "train")
    references, indices = References(data, seed=3), list(range(len(data)))
    drawn = references.draw(indices, 7)
    assert torch.equal(drawn, references.draw(indices, 7)) and not torch.equal(drawn, references.draw(indices, 8))
    assert torch.equal(drawn[4:6], references.draw([4, 5], 7)), "other processes draw other rows of the same"
    for index, vector in zip(indices, drawn.numpy(), strict=True):
        found = np.flatnonzero((references.embeddings.astype(np.float32) == vector).all(1))
        assert index not in found and any(references.places[clip] == references.places[index] for clip in found)


@pytest.mark.parametrize("kind", ["table", "reference"])
def test_a_run_learns_who_speaks_and_goes_on_and_is_loaded(kind, choir, make_recipe, tmp_path):
    recipe = recipe_of(make_recipe, choir("anna", "bert"), kind, task={"accumulate": 2})
    run(recipe, 3)
    rows = run(recipe)
    assert rows[-1]["step"] == 6 and np.isfinite(rows[-1]["valid_loss_frame"])
    model = load_model("acoustic", recipe.out)
    assert model.config.speakers.names == ("anna", "bert") and model.speakers.projection.weight.abs().max() > 0
    assert len(list(generate_features(model, recipe.features, tmp_path / "made", temperature=0.3, hours=1.0))) > 2
    made = FeatureFolder(tmp_path / "made", "train")
    assert made.speakers == ["anna", "bert"] and sorted(set(made.speaker_places.tolist())) == [0, 1]
    if kind == "reference":
        known = model.speakers.known
        assert torch.allclose(known.norm(dim=1), torch.ones(2), atol=1e-5) and 0 < float(model.speakers.scale) < 20


@pytest.mark.parametrize("kind", ["table", "reference"])
def test_several_speakers_begin_as_the_one_of_a_run(kind, choir, make_recipe):
    start = start_of(make_recipe("acoustic", "alone"))
    task = build_task(recipe_of(make_recipe, choir("anna", "bert"), kind), "cpu", start)
    given = task.model.state_dict()
    assert all(torch.equal(value, given[name]) for name, value in start.weights.items())
    assert not task.model.speakers.projection.weight.any()
    assert task.model.speakers.vectors.abs().sum(1).min() > 0
    assert {f"speakers.{name}" for name in task.model.speakers.state_dict()} <= task.updater.average.keys()


def test_a_table_grows_by_the_names_that_are_new(choir, make_recipe):
    first = recipe_of(make_recipe, choir("anna", "bert"), name="first")
    start = start_of(first)
    grown = make_recipe("acoustic", "second").model_copy(update={"features": choir("carl", "bert")})
    speakers = build_task(grown, "cpu", start).model.speakers
    before = start.weights["speakers.table.weight"]
    assert speakers.config.names == NAMES and torch.equal(speakers.vectors[:2], before)
    assert torch.equal(speakers.vectors[2], before.mean(0))
    other = recipe_of(make_recipe, choir("bert"), name="third").model_dump()
    other["model"]["speakers"]["names"] = ("bert",)
    with pytest.raises(InputError, match=r"its speakers are anna, bert; leave model.speakers.names out"):
        build_task(type(first).model_validate(other), "cpu", start)


def test_features_that_do_not_say_who_speaks_are_refused_in_one_line(make_recipe, features, choir):
    with pytest.raises(InputError, match=r"not all clips name their speaker.*mix.py OUT NAME=FEATURES"):
        build_task(recipe_of(make_recipe, features), "cpu")
    folder = choir("anna")
    (folder / "shards.json").write_text(json.dumps({"shards": [str(features)], "speakers": ["anna"]}))
    with pytest.raises(InputError, match="no embeddings of its speakers here; `tts speakers` makes them"):
        build_task(recipe_of(make_recipe, folder, "reference"), "cpu")

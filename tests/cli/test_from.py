"""`--from`: a training begins with a run or a voice; a package takes a voice's vocoder."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.checkpoint import load_checkpoint, load_weights
from tts.cli.judge import Judge
from tts.cli.start import read_start, read_vocoder
from tts.data.dataset import read_rows
from tts.data.prepare import prepare
from tts.errors import InputError
from tts.inference.export import export_aligner
from tts.inference.voices import hash_file
from tts.models.aligner import Aligner, AlignerConfig
from tts.text.symbols import DEFAULT_SYMBOLS
from tts.training.recipes import AcousticRecipe, build_task

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from toy_corpus import make_corpus

from tts.audio.mel import MelConfig

TINY_ENCODER = "{ width = 16, n_heads = 2, hidden = 32, n_blocks = 1, n_conv_blocks = 1 }"


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Path:
    """Features of a dozen clips with the tiny voice's mel; every utterance's frames are split evenly among its tokens."""
    folder = tmp_path_factory.mktemp("toy")
    for _ in prepare(make_corpus(folder / "corpus"), folder / "features", mel_config=MelConfig(n_mels=20)):
        pass
    durations = []
    for row in read_rows(folder / "features" / "index.jsonl"):
        borders = np.linspace(0, row["mel"][1], row["tokens"][1] + 1).round()
        durations.append(np.diff(borders))
    np.save(folder / "features" / "durations.npy", np.concatenate(durations).astype(np.int16))
    return folder / "features"


def write_recipe(path: Path, features: Path, text: str = "") -> Path:
    where = f'features = "{features}"\nout = "{path.parent / path.stem}"\n'
    path.write_text(where + text + "[task]\nsteps = 2\n[train]\nlog_every = 1\nvalidate_every = 1\n")
    return path


def test_a_voice_is_trained_further_and_its_scale_and_settings_stay(run, tiny_voice, features, tmp_path):
    recipe = write_recipe(tmp_path / "acoustic.toml", features, 'freeze = ["encoder"]\n')
    assert run("train", "acoustic", recipe, "--from", tiny_voice, "--threads", 1).status == 0
    config = json.loads((tmp_path / "acoustic" / "config.json").read_text())
    assert config["start"] == str(tiny_voice)
    assert config["model"] == json.loads((tiny_voice / "config.json").read_text())["acoustic"]
    trained = load_checkpoint(tmp_path / "acoustic" / "checkpoint.pt")["task"]["updater"]["module"]
    for name, value in load_weights(tiny_voice / "model.safetensors").items():
        own = trained.get(name.removeprefix("acoustic."))
        if name.startswith("acoustic."):
            stays = name.startswith(("acoustic.encoder.", "acoustic.mel_"))
            assert torch.equal(own, value.float()) == stays, name


def test_a_recipe_may_name_the_voice_itself(run, tiny_voice, features, tmp_path):
    recipe = write_recipe(tmp_path / "vocoder.toml", features, f'start = "{tiny_voice}"\n')
    settings = ("--set", "task.batch_size=2", "--set", "task.segment_frames=16", "--threads", 1)
    result = run("train", "vocoder", recipe, *settings)
    assert result.status == 0 and "done, 2 steps" in result.err
    vocoder = read_vocoder(tmp_path / "vocoder")
    assert vocoder.config == read_vocoder(tiny_voice).config and not vocoder.training


def test_a_run_that_stopped_early_says_so(run, tiny_voice, features, tmp_path):
    recipe = write_recipe(tmp_path / "acoustic.toml", features)
    settings = (
        "--set",
        "task.steps=50",
        "--set",
        "train.stopping.patience=1",
        "--set",
        "optim.lr=1.0",
        "--set",
        "optim.ema_decay=0.0",
    )
    command = ("train", "acoustic", recipe, "--from", tiny_voice, "--threads", 1, *settings)
    result = run(*command)
    assert result.status == 0 and "nothing got better for 1 validations; the weights of step" in result.err
    assert "nothing got better" in run(*command).err


def test_the_vocoder_of_a_voice_is_its_own(tiny_voice, tiny_vocoder):
    weights = read_vocoder(tiny_voice).state_dict()
    assert all(torch.equal(weights[name], value.half().float()) for name, value in tiny_vocoder.state_dict().items())


class Parrot:
    """Hears the same word whatever is said."""

    name = "parrot"

    def transcribe(self, audio: np.ndarray) -> str:
        assert audio.ndim == 1 and len(audio) > 1_600
        return "go"


def test_a_judge_hears_what_the_model_in_training_would_say(tiny_voice, features, tmp_path, shared_g2p):
    recipe = AcousticRecipe(features=features, out=tmp_path / "acoustic", start=tiny_voice)
    task = build_task(recipe, "cpu", read_start("acoustic", tiny_voice))
    judge = Judge(["Go now.", "Go, go."], read_vocoder(tiny_voice), Parrot())
    assert judge(task) == {"wer": 0.5}
    assert task.model.training, "and the training goes on"


def test_a_judge_needs_an_acoustic_model_and_a_voice(run, features, tmp_path):
    recipe = write_recipe(tmp_path / "acoustic.toml", features, f"[model]\nn_mels = 20\nencoder = {TINY_ENCODER}\n")
    result = run("train", "acoustic", recipe, "--judge", recipe)
    assert result.status == 2 and "--judge: listens to acoustic models that begin with a voice" in result.err


def test_what_cannot_be_begun_with_is_refused(run, tiny_voice, features, tmp_path):
    recipe = write_recipe(tmp_path / "acoustic.toml", features)
    result = run("train", "acoustic", recipe, "--from", "nobody")
    assert result.status == 2 and "unknown voice 'nobody'" in result.err and result.err.count("\n") == 1
    with pytest.raises(InputError, match="a voice holds no quantizer; name the folder of a run"):
        read_start("quantizer", tiny_voice)
    with pytest.raises(InputError, match="this voice has no aligner"):
        read_start("aligner", tiny_voice)


def test_the_aligner_of_a_voice_is_read_from_its_graph(tiny_voice, tmp_path):
    aligner = Aligner(AlignerConfig(n_symbols=len(DEFAULT_SYMBOLS), n_mels=20, width=16, attention_width=8))
    for parameter in aligner.parameters():
        torch.nn.init.normal_(parameter)  # equal ones would become one in the graph
    voice = tmp_path / "voice"
    shutil.copytree(tiny_voice, voice)
    export_aligner(aligner, voice / "align.onnx")
    config = json.loads((voice / "config.json").read_text())
    config["sha256"]["align.onnx"] = hash_file(voice / "align.onnx")
    (voice / "config.json").write_text(json.dumps(config))
    start = read_start("aligner", voice)
    assert AlignerConfig(**start.model) == aligner.config
    assert start.weights.keys() == aligner.state_dict().keys()
    for name, value in aligner.state_dict().items():
        torch.testing.assert_close(start.weights[name], value, rtol=1e-3, atol=1e-3)

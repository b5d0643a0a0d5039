"""The stages of one arm, from training to the last judged sentence; each leaves a file (store.py) and is done once.

Order: train, voice, tuning of the temperature, the test set, the density on held-out speech, speed, then the intermediate
checkpoints. So the figures that tell most are there first.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tts.checkpoint import make_folder
from tts.config import validate
from tts.data.dataset import FeatureFolder
from tts.evaluation.bench import time_stages
from tts.evaluation.compare.held_out import measure_held_out
from tts.evaluation.compare.judge import Judge, has_quality, load_judge
from tts.evaluation.compare.plan import Arm, Study
from tts.evaluation.compare.quantizing import quantizer_config
from tts.evaluation.compare.size import count_parameters, equalise, parameter_facts
from tts.evaluation.compare.speaking import Row, choose_temperature, frame_rate_of, speak_and_judge
from tts.evaluation.compare.store import Stages, Values, key_of, write_json
from tts.evaluation.compare.training import clear_older, load_snapshot, snapshot_steps, train_arm, weights_path
from tts.evaluation.compare.voices import (
    is_voice,
    load_vocoder,
    make_voice,
    read_symbols,
    run_key,
    vocoder_key,
    voice_facts,
)
from tts.evaluation.stages import STEP
from tts.evaluation.texts import read_lines
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig
from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig
from tts.training.recipes import AcousticRecipe, load_model

log = logging.getLogger(__name__)
N_SPEED_LINES, N_SPEED_RUNS = 5, 4
PLAN_NAME = "plan.json"  # what an arm's figures were made by


@dataclass(frozen=True)
class Part:
    """A part of the corpus, or a quantiser made of one: where it is, and a hash of what is in it."""

    path: Path
    key: str


@dataclass(frozen=True)
class Inputs:
    """What an arm gets from the rest of the study.

    Attributes:
        features: the part of the corpus that it learns from.
        quantizer: of a codes head.
        mapping: what its draws are mapped to.
    """

    features: Part
    quantizer: Part | None = None
    mapping: Part | None = None


class ArmRun:
    """One arm in a study's folder."""

    def __init__(self, study: Study, arm: Arm, folder: Path, inputs: Inputs, asr: str) -> None:
        """Name the arm; nothing is done yet.

        Args:
            study: the plan.
            arm: one of its arms.
            folder: of all arms.
            inputs: what the arm gets.
            asr: recogniser.
        """
        self.study, self.arm, self.inputs, self.asr = study, arm, inputs, asr
        self.root, self.folder = folder, folder / arm.name
        self.test = study.test_of(arm)
        self.stages = Stages(self.folder / "stages")

    @cached_property
    def judge(self) -> Judge:
        """Who listens."""
        return load_judge(self.asr)

    @cached_property
    def recipe(self) -> AcousticRecipe:
        """The resolved recipe: equal parameters, with paths."""
        study, arm = self.study, self.arm
        values = study.recipe_of(arm) | {"features": self.inputs.features.path, "out": self.folder / "unknown"}
        if self.inputs.quantizer:
            values["quantizer"] = self.inputs.quantizer.path
        recipe = validate(AcousticRecipe, values, f"arm {arm.name}")
        target = count_parameters(model_config(study, study.arm(study.reference)))
        config = model_config(study, arm)
        if arm.name != study.reference:
            config = equalise(config, target)
        recipe = recipe.model_copy(update={"model": config.model_copy(update={"quantizer": None})})
        return recipe.model_copy(update={"out": self.folder / f"run-{self._train_key(recipe)}"})

    def _train_key(self, recipe: AcousticRecipe) -> str:
        settings = recipe.model_dump(mode="json", exclude={"features", "out", "quantizer"})
        quantizer = self.inputs.quantizer.key if self.inputs.quantizer else None
        return key_of("train", settings, self.inputs.features.key, quantizer, self.test.snapshots)

    def run(self) -> None:
        """Do what is not done yet."""
        make_folder(self.folder)
        write_json(self.folder / PLAN_NAME, {"plan": self.study.key_of(self.arm), "is_finished": False})
        self._run_stages()
        write_json(self.folder / PLAN_NAME, {"plan": self.study.key_of(self.arm), "is_finished": True})

    def _run_stages(self) -> None:
        if self.arm.is_trained:
            self.train()
        elif self.arm.run is not None:
            self.describe(self.arm.run)
        self.speak()
        if self.arm.like is None and self.packaged is None:
            self.measure_density(None)
        self.measure_speed()
        if self.arm.is_trained:
            for step in self.snapshots:
                self.measure_density(step)
                self.speak_snapshot(step)

    def train(self) -> Values:
        """Train the model."""
        recipe = self.recipe
        clear_older(self.folder, "run-", recipe.out)
        facts = {"model": recipe.model.model_dump(mode="json"), "run": str(recipe.out), "hours": self.study.hours_of(self.arm)}

        def work() -> Values:
            log.info("%s: training, %d steps", self.arm.name, recipe.task.steps)
            return facts | parameter_facts(self.config) | train_arm(recipe, self.snapshots, recipe.out / "weights")

        return self.stages.do("train", self._train_key(recipe), work)

    def describe(self, run: Path) -> Values:
        """Say what model a finished run or a voice is."""

        def work() -> Values:
            if self.packaged:
                return voice_facts(self.packaged)
            config = self.load_model(None).config
            return {"model": config.model_dump(mode="json"), "parameters": count_parameters(config)}

        return self.stages.do("model", run_key(run), work)

    @property
    def packaged(self) -> Path | None:
        """The voice that speaks as it is; None where the study packages one."""
        return self.arm.run if self.arm.run is not None and is_voice(self.arm.run) else None

    @property
    def config(self) -> AcousticConfig:
        """Of a trained arm's model, quantiser included."""
        symbols = read_symbols(self.inputs.features.path)
        encoder = self.recipe.model.encoder.model_copy(update={"n_symbols": len(symbols)})
        return self.recipe.model.model_copy(update={"encoder": encoder, "quantizer": quantizer_config(self.study, self.arm)})

    @property
    def snapshots(self) -> list[int]:
        """Steps whose weights are kept beside the last."""
        return snapshot_steps(self.recipe.task.steps, self.test.snapshots, self.recipe.train.log_every)

    def model_key(self) -> str:
        """A hash of the weights that speak."""
        if self.arm.run is not None:
            return run_key(self.arm.run)
        return self.trained._train_key(self.trained.recipe)

    @property
    def trained(self) -> ArmRun:
        """The arm whose training this one speaks with."""
        if self.arm.like is None:
            return self
        inputs = Inputs(self.inputs.features, self.inputs.quantizer)
        return ArmRun(self.study, self.study.arm(self.arm.like), self.root, inputs, self.asr)

    def load_model(self, step: int | None) -> AcousticModel:
        """The model after a step; None means the last."""
        if self.arm.run is not None:
            model = load_model("acoustic", self.arm.run)
            assert isinstance(model, AcousticModel)
            return model
        trained = self.trained
        steps = step or trained.recipe.task.steps
        return load_snapshot(trained.config, weights_path(trained.recipe.out / "weights", steps))

    @contextmanager
    def voice(self, step: int | None = None) -> Iterator[TTS]:
        """The arm's voice, loaded; its folder is made for the time of the block and kept for the last step alone."""
        if self.packaged:
            yield TTS.load(self.packaged)
            return
        key = key_of(self.model_key(), step, vocoder_key(self.study.vocoder))
        folder = self.folder / f"voice-{key}"
        if step is None:
            clear_older(self.folder, "voice-", folder)
        if not (folder / "config.json").is_file():  # the last file that is written
            symbols = read_symbols(self.inputs.features.path)
            make_voice(self.load_model(step), load_vocoder(self.study.vocoder), symbols, folder, self.arm.name)
        yield self.open_voice(folder)
        if step is not None:
            shutil.rmtree(folder)

    def open_voice(self, folder: Path) -> TTS:
        """Load a voice, its draws mapped if the arm says so."""
        tts = TTS.load(folder)
        if self.arm.map_to is None or self.inputs.mapping is None:
            return tts
        _, _, how = self.arm.map_to.partition(":")
        return tts.mapped_to(":".join([str(self.inputs.mapping.path), *([how] if how else [])]))

    def _speech_key(self, *parts: Any) -> str:
        mapping = [self.arm.map_to, self.inputs.mapping.key if self.inputs.mapping else None]
        listeners = [self.asr, has_quality()]
        return key_of("speech", self.model_key(), vocoder_key(self.study.vocoder), self.arm.decode, mapping, listeners, *parts)

    def _say(self, tts: TTS, name: str, lines: list[str], seeds: tuple[int, ...], temperature: float) -> list[Row]:
        """Speak into a folder of that name, which is emptied when its key changes."""
        key = self._speech_key(name, lines, seeds, temperature)
        folder = self.folder / "speech" / f"{name}-{key}"
        clear_older(self.folder / "speech", f"{name}-", folder)
        sampling = SamplingConfig(**self.arm.decode | {"temperature": temperature})
        return speak_and_judge(tts, lines, seeds, sampling, self.judge, folder)

    def tune(self) -> float:
        """The temperature that the arm speaks with: the best on sentences of their own."""
        test = self.test
        if len(test.temperatures) == 1 or not test.n_tuning:
            return test.temperatures[0]
        lines = read_lines(test.sentences)[-test.n_tuning :]

        def work() -> Values:
            log.info("%s: tuning the temperature", self.arm.name)
            tried: list[Row] = []
            with self.voice() as tts:
                for temperature in test.temperatures:
                    rows = self._say(tts, f"tuning_{temperature:g}", lines, test.seeds[:1], temperature)
                    tried.append({"temperature": temperature, **summarise(rows)})
            return {"tried": tried, "temperature": choose_temperature(tried)}

        return float(self.stages.do("tuning", self._speech_key(lines, test.temperatures, test.seeds[:1]), work)["temperature"])

    def speak(self) -> Values:
        """Speak and judge the test set."""
        temperature, lines = self.tune(), read_lines(self.test.sentences)[: self.test.n_sentences]

        def work() -> Values:
            log.info("%s: speaking %d sentences", self.arm.name, len(lines))
            with self.voice() as tts:
                rows = self._say(tts, "test", lines, self.test.seeds, temperature)
            return {"temperature": temperature, **self.judge.names, "rows": rows}

        return self.stages.do("speech", self._speech_key(lines, self.test.seeds, temperature), work)

    def speak_snapshot(self, step: int) -> Values:
        """Speak and judge a few sentences by the weights of an earlier step."""
        temperature, lines = self.tune(), read_lines(self.test.sentences)[: self.test.n_snapshot]

        def work() -> Values:
            log.info("%s: speaking by the weights of step %d", self.arm.name, step)
            with self.voice(step) as tts:
                rows = self._say(tts, f"step_{step}", lines, self.test.seeds[:1], temperature)
            return {"step": step, "rows": rows}

        return self.stages.do(f"speech_{step}", self._speech_key(step, lines, self.test.seeds[:1], temperature), work)

    def measure_density(self, step: int | None) -> Values:
        """Measure the density on held-out speech."""
        test, features = self.test, self.inputs.features
        name = "density" if step is None else f"density_{step}"

        def work() -> Values:
            log.info("%s: density on held-out speech", self.arm.name)
            data = FeatureFolder(features.path, "valid")
            return {"step": step} | measure_held_out(self.load_model(step), data, test.n_held_out, test.n_draws)

        key = key_of(name, self.model_key(), features.key, test.n_held_out, test.n_draws)
        return self.stages.do(name, key, work)

    def measure_speed(self) -> Values:
        """Time one thread: of all stages, and of a step of the backbone with its draw."""
        lines = read_lines(self.test.sentences)[:N_SPEED_LINES]

        def work() -> Values:
            with self.voice() as tts:
                time_stages(tts, lines[:1])  # not counted
                seconds = [time_stages(tts, [line]) for _ in range(N_SPEED_RUNS) for line in lines]
                patches_per_second = frame_rate_of(tts) / tts.voice.config.acoustic.patch_size
            step_ms = [1000 * stages[STEP] / patches_per_second for stages in seconds]
            return {"rtf": [sum(stages.values()) for stages in seconds], "step_ms": step_ms}

        return self.stages.do("speed", self._speech_key("speed", 2), work)


def model_config(study: Study, arm: Arm) -> AcousticConfig:
    """Settings of an arm's model before its parameters are equalised, quantiser included."""
    values = study.recipe_of(arm).get("model", {})
    config = validate(AcousticConfig, values, f"arm {arm.name}, model")
    return config.model_copy(update={"quantizer": quantizer_config(study, arm)})


def summarise(rows: list[Row]) -> dict[str, float | None]:
    """WER and MOS of a few sentences."""
    readings = [reading for row in rows for reading in row["readings"]]
    words = [reading["words"] for reading in readings if reading["words"]]
    errors = sum(count["substitutions"] + count["deletions"] + count["insertions"] for count in words)
    scores = [reading["mos"] for reading in readings if reading["mos"] is not None]
    return {
        "wer": errors / max(1, sum(count["length"] for count in words)) if words else None,
        "mos": sum(scores) / len(scores) if scores else None,
    }

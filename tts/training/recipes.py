"""From a recipe (a TOML file) to a task that the loop can train, and from a finished run back to its weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from tts.checkpoint import load_checkpoint, replacing
from tts.codec.config import VocoderConfig
from tts.codec.vocoder import Vocoder
from tts.config import merge, validate
from tts.data.dataset import FeatureFolder
from tts.errors import InputError
from tts.models.acoustic import AcousticModel
from tts.models.aligner import Aligner, AlignerConfig
from tts.models.codebook import read_codebook
from tts.models.config import AcousticConfig
from tts.models.quantizer import Quantizer, build_quantizer
from tts.models.quantizer_config import QuantizerConfig
from tts.training.acoustic import AcousticTask, AcousticTaskConfig, measure_mel
from tts.training.aligner import AlignerTask, AlignerTaskConfig
from tts.training.distributed import current_world, shard_like
from tts.training.loop import TrainConfig
from tts.training.optim import OptimConfig
from tts.training.quantizer import QuantizerTask, QuantizerTaskConfig
from tts.training.speakers import add_names
from tts.training.start import Start, add_speakers, check_fit, freeze
from tts.training.stopping import BEST_NAME
from tts.training.vocoder import SegmentSampler, VocoderTask, VocoderTaskConfig

CONFIG_NAME, CHECKPOINT_NAME = "config.json", "checkpoint.pt"


class Recipe(BaseModel):
    """What every kind of training has in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Path  # features folder
    out: Path  # folder of the run
    start: Path | None = None  # run or voice whose weights this one begins with
    freeze: tuple[str, ...] = ()  # parts that stay as they begin: names of modules or parameters, * for anything
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()


class AlignerRecipe(Recipe):
    """Training of an aligner."""

    model: AlignerConfig = AlignerConfig()
    task: AlignerTaskConfig = AlignerTaskConfig()

    def build(self, device: str) -> AlignerTask:
        """Make the task."""
        train, valid = FeatureFolder(self.features, "train"), FeatureFolder(self.features, "valid")
        model = Aligner(self.model.model_copy(update={"n_symbols": len(train.symbols)}))
        freeze(model, self.freeze)
        return AlignerTask(model, train, valid, self.task, self.optim, seed=self.train.seed, device=device)


class VocoderRecipe(Recipe):
    """Training of a vocoder."""

    model: VocoderConfig = VocoderConfig()
    task: VocoderTaskConfig = VocoderTaskConfig()

    def build(self, device: str) -> VocoderTask:
        """Make the task."""

        def sampler(split: str) -> SegmentSampler:
            return SegmentSampler(FeatureFolder(self.features, split), self.task, self.model.hop_length, self.model.lookahead)

        model = Vocoder(self.model)
        freeze(model, self.freeze)
        return VocoderTask(model, sampler("train"), sampler("valid"), self.task, self.optim, seed=self.train.seed, device=device)


class QuantizerRecipe(Recipe):
    """Training of a quantiser."""

    model: QuantizerConfig = QuantizerConfig()
    task: QuantizerTaskConfig = QuantizerTaskConfig()

    def build(self, device: str) -> QuantizerTask:
        """Make the task.

        Raises:
            InputError: the quantiser is of a kind that has nothing to train.
        """
        if self.model.kind == "kmeans":
            raise InputError("model.kind = 'kmeans' is not trained; `tts codebook` makes its codebook")
        train, valid = FeatureFolder(self.features, "train"), FeatureFolder(self.features, "valid")
        model = Quantizer(self.model)
        _set_scale(model, train)
        freeze(model, self.freeze)
        task = QuantizerTask(model, train, valid, self.task, self.optim, seed=self.train.seed, device=device)
        if self.start is None:
            task.start()
        return task


class AcousticRecipe(Recipe):
    """Training of an acoustic model."""

    quantizer: Path | None = None  # run of a quantizer, or a file of `tts codebook`; of a head of codes
    model: AcousticConfig = AcousticConfig()
    task: AcousticTaskConfig = AcousticTaskConfig()

    def build(self, device: str) -> AcousticTask:
        """Make the task; frames are normalised as the quantizer's are, if there is one.

        Raises:
            InputError: the head needs a quantizer and none is named, or the other way round; or speakers have no names.
        """
        train, valid = FeatureFolder(self.features, "train"), FeatureFolder(self.features, "valid")
        encoder = self.model.encoder.model_copy(update={"n_symbols": len(train.symbols)})
        speakers = None if self.model.speakers is None else add_names(self.model.speakers, train)
        own = None if self.start is None else self.model.quantizer  # of what this begins with, whose weights bring it along
        config = self.model.model_copy(update={"encoder": encoder, "quantizer": own, "speakers": speakers})
        quantizer = None if self.quantizer is None else load_quantizer(self.quantizer, config.patch_size)
        model = AcousticModel(config, quantizer)
        _set_scale(model, train, quantizer)
        freeze(model, self.freeze)
        return AcousticTask(model, train, valid, self.task, self.optim, seed=self.train.seed, device=device)


def _set_scale(model: AcousticModel | Quantizer, data: FeatureFolder, like: Quantizer | None = None) -> None:
    """Have a model normalise frames by the mel of a folder, or as another does."""
    mean, std = measure_mel(data) if like is None else (like.mel_mean, like.mel_std)
    if len(mean) != model.config.n_mels:
        raise InputError(f"model.n_mels = {model.config.n_mels}, but the features have {len(mean)} bands")
    model.mel_mean.copy_(mean)
    model.mel_std.copy_(std)


AnyRecipe = AlignerRecipe | VocoderRecipe | QuantizerRecipe | AcousticRecipe
AnyTask = AlignerTask | VocoderTask | QuantizerTask | AcousticTask
AnyModel = Aligner | Vocoder | Quantizer | AcousticModel

RECIPES: dict[str, type[AnyRecipe]] = {
    "aligner": AlignerRecipe,
    "vocoder": VocoderRecipe,
    "quantizer": QuantizerRecipe,
    "acoustic": AcousticRecipe,
}


def build_task(recipe: AnyRecipe, device: str, start: Start | None = None) -> AnyTask:
    """Make a recipe's task, with weights to begin with, and write the resolved recipe into the run's folder.

    The first weights hang on the recipe's seed alone, or are those of `start`; then the model is as it is there, but for the
    settings that the recipe names.

    Args:
        recipe: the recipe.
        device: where it runs.
        start: what it begins with; default: the run in `recipe.start`.

    Raises:
        InputError: the weights do not go with the recipe.
    """
    if start is None and recipe.start is not None:
        start = start_of_run(recipe.start, type(recipe))
    if start is not None:
        model = merge(start.model, recipe.model.model_dump(exclude_unset=True))
        recipe = recipe.model_copy(update={"model": validate(type(recipe.model), model, start.name)})
    torch.manual_seed(recipe.train.seed)
    task = recipe.build(device)
    if start is not None:
        _begin_with(task, start)
    resolved = recipe.model_copy(update={"model": task.model.config})
    _check_same_model(resolved)
    if current_world().is_first:
        recipe.out.mkdir(parents=True, exist_ok=True)
        with replacing(recipe.out / CONFIG_NAME) as temporary:
            temporary.write_text(resolved.model_dump_json(indent=2), encoding="utf-8")
    return task


def _begin_with(task: AnyTask, start: Start) -> None:
    """Put weights into a new task."""
    symbols = task.train.symbols if isinstance(task, AcousticTask | AlignerTask) else None
    if start.symbols is not None and symbols is not None and symbols != start.symbols:
        raise InputError(f"{start.name}: its symbols are not those of the features; `tts prepare` makes them anew")
    if isinstance(task, AcousticTask):
        start = add_speakers(start, task.model)
    check_fit(task.model, start)
    own = task.updater.module.state_dict()
    weights = {name: shard_like(value, own[name]) for name, value in start.weights.items()}
    task.updater.module.load_state_dict(weights)
    for name, value in weights.items():
        task.updater.average[name].copy_(value)
    if isinstance(task, VocoderTask) and start.critic is not None:
        task.critic.module.load_state_dict(start.critic)


def start_of_run(folder: Path, kind: type[AnyRecipe]) -> Start:
    """What a run gives to begin with.

    Raises:
        InputError: the folder holds no run of that kind.
    """
    weights = read_run(folder)
    recipe = validate(kind, _read_json(folder / CONFIG_NAME), str(folder / CONFIG_NAME))
    kept = load_checkpoint(folder / CHECKPOINT_NAME)
    critic = None if kept is None else kept["task"].get("critic", {}).get("module")
    return Start(str(folder), recipe.model.model_dump(), weights, critic)


def _check_same_model(recipe: AnyRecipe) -> None:
    """Refuse to go on with a run of another model, before its config is overwritten."""
    path = recipe.out / CONFIG_NAME
    if not (path.is_file() and (recipe.out / CHECKPOINT_NAME).is_file()):
        return
    before = _read_json(path)
    if isinstance(before, dict) and validate(type(recipe.model), before.get("model"), str(path)) != recipe.model:
        raise InputError(f"{recipe.out}: holds a run of another model; delete it, or name another folder by --set out=FOLDER")


def read_run(folder: Path) -> dict[str, Tensor]:
    """Averaged weights of a run: of its best checkpoint if it kept one (stopping.py), else of its newest.

    Raises:
        InputError: the folder holds no run.
    """
    best = folder / BEST_NAME
    state = load_checkpoint(best if best.is_file() else folder / CHECKPOINT_NAME)
    if state is None:
        raise InputError(f"{folder}: no checkpoint here; `tts train` makes one")
    average: dict[str, Tensor] = state["task"]["updater"]["average"]
    return average


def load_model(kind: str, folder: Path) -> AnyModel:
    """Build a run's model with its averaged weights, in eval mode.

    Args:
        kind: "aligner", "vocoder", "quantizer" or "acoustic".
        folder: of the run.

    Raises:
        InputError: the folder holds no run of that kind.
    """
    path = folder / CONFIG_NAME
    if not path.is_file():
        raise InputError(f"{folder}: no {CONFIG_NAME} here; is it the folder of a run?")
    recipe = validate(RECIPES[kind], _read_json(path), str(path))
    classes = {"aligner": Aligner, "vocoder": Vocoder, "quantizer": Quantizer, "acoustic": AcousticModel}
    model: AnyModel = classes[kind](recipe.model)  # type: ignore[arg-type]
    model.load_state_dict(read_run(folder))
    return model.eval()


def load_quantizer(path: Path, patch_size: int) -> Quantizer:
    """Load a quantiser's run, or a codebook of `tts codebook` as a quantiser of patches, in eval mode.

    Args:
        path: folder of the run, or the file.
        patch_size: frames of a patch, for a codebook of single frames.

    Raises:
        InputError: it is neither.
    """
    if path.is_file():
        return build_quantizer(read_codebook(path), patch_size)
    model = load_model("quantizer", path)
    assert isinstance(model, Quantizer)
    return model


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no readable JSON ({error})") from None

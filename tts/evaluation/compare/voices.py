"""An arm's model as a voice that speaks with the study's vocoder, the same for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tts.checkpoint import load_weights
from tts.codec.vocoder import Vocoder
from tts.errors import InputError
from tts.evaluation.compare.size import count_parameters
from tts.evaluation.compare.store import key_of
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.inference.voices import WEIGHTS_NAME, find_voice, hash_file, read_voice_config
from tts.models.acoustic import AcousticModel
from tts.text.symbols import DEFAULT_SYMBOLS, SymbolTable
from tts.training.recipes import CHECKPOINT_NAME


def load_vocoder(voice: str) -> Vocoder:
    """The vocoder of a bundled voice, or of a voice's folder.

    Raises:
        InputError: there is no such voice.
    """
    model = Vocoder(read_voice_config(voice).vocoder)
    tensors = load_weights(find_voice(voice) / WEIGHTS_NAME)
    model.load_state_dict({n.removeprefix("vocoder."): v.float() for n, v in tensors.items() if n.startswith("vocoder.")})
    return model.eval()


def vocoder_key(voice: str) -> str:
    """A hash of the weights of a voice."""
    return read_voice_config(voice).sha256[WEIGHTS_NAME]


def make_voice(model: AcousticModel, vocoder: Vocoder, symbols: SymbolTable, folder: Path, name: str) -> None:
    """Package a voice in float32: int8 is no part of what is compared."""
    package_voice(model, vocoder, symbols, folder, VoiceFacts(name, "Apache-2.0", "An arm of a study."), Packing(int8=()))


def read_symbols(features: Path) -> SymbolTable:
    """The inventory of a features folder; the project's, if the folder is gone."""
    path = features / "symbols.json"
    return SymbolTable.from_json(path.read_text(encoding="utf-8")) if path.is_file() else DEFAULT_SYMBOLS


def is_voice(run: Path) -> bool:
    """Whether what an arm names as its run is a packaged voice, by name or folder: no checkpoint is there."""
    return not (run / CHECKPOINT_NAME).is_file()


def run_key(run: Path) -> str:
    """A hash of a finished run, or of a voice.

    Raises:
        InputError: there is neither.
    """
    if not is_voice(run):
        return hash_file(run / CHECKPOINT_NAME)
    try:
        return key_of(read_voice_config(run).sha256)
    except InputError:
        raise InputError(f"{run}: no run of `tts train acoustic` and no voice here yet") from None


def voice_facts(run: Path) -> dict[str, Any]:
    """What the report says about a voice's model."""
    config = read_voice_config(run)
    return {"model": config.acoustic.model_dump(mode="json"), "parameters": count_parameters(config.acoustic)}

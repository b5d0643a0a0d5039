"""An arm's model as a voice that speaks with the study's vocoder, the same for all."""

from __future__ import annotations

from pathlib import Path

from tts.checkpoint import load_weights
from tts.codec.vocoder import Vocoder
from tts.errors import InputError
from tts.inference.package import Packing, VoiceFacts, package_voice
from tts.inference.voices import WEIGHTS_NAME, find_voice, hash_file, read_voice_config
from tts.models.acoustic import AcousticModel
from tts.text.symbols import DEFAULT_SYMBOLS, SymbolTable
from tts.training.recipes import CHECKPOINT_NAME, CONFIG_NAME


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


def run_key(run: Path) -> str:
    """A hash of a finished run.

    Raises:
        InputError: there is no run.
    """
    if not ((run / CONFIG_NAME).is_file() and (run / CHECKPOINT_NAME).is_file()):
        raise InputError(f"{run}: no run of `tts train acoustic` here yet")
    return hash_file(run / CHECKPOINT_NAME)

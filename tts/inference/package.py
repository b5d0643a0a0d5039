"""From finished runs to a voice folder."""

from __future__ import annotations

from pathlib import Path

from tts.codec.vocoder import Vocoder
from tts.inference.export import export_graphs
from tts.inference.voices import CONFIG_NAME, GRAPHS, SYMBOLS_NAME, WEIGHTS_NAME, VoiceConfig, hash_file
from tts.models.acoustic import AcousticModel
from tts.text.symbols import SymbolTable


def package_voice(
    acoustic: AcousticModel, vocoder: Vocoder, symbols: SymbolTable, folder: Path, *, name: str, license: str, summary: str, temperature: float
) -> VoiceConfig:
    """Write a voice folder (but for its card); what is in it is replaced.

    Args:
        acoustic: trained model.
        vocoder: trained model.
        symbols: the inventory that the model was trained with.
        folder: of the voice.
        name: of the voice.
        license: SPDX identifier.
        summary: one line.
        temperature: that the voice speaks with unless told otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_graphs(acoustic, vocoder, folder)
    (folder / SYMBOLS_NAME).write_text(symbols.to_json(), encoding="utf-8")
    files = [SYMBOLS_NAME, WEIGHTS_NAME, *(f"{graph}.onnx" for graph in GRAPHS)]
    config = VoiceConfig(
        name=name,
        license=license,
        summary=summary,
        temperature=temperature,
        acoustic=acoustic.config,
        vocoder=vocoder.config,
        sha256={file: hash_file(folder / file) for file in files},
    )
    (folder / CONFIG_NAME).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return config

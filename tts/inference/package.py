"""From finished runs to a voice folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tts.codec.vocoder import Vocoder
from tts.inference.export import export_graphs
from tts.inference.voices import CONFIG_NAME, SYMBOLS_NAME, WEIGHTS_NAME, VoiceConfig, graphs_of, hash_file
from tts.models.acoustic import AcousticModel
from tts.text.symbols import SymbolTable

INT8_GRAPHS = ("step", "vocode")  # where the time goes


@dataclass(frozen=True)
class VoiceFacts:
    """What a voice folder says about itself.

    Attributes:
        name: of the voice.
        license: SPDX identifier.
        summary: one line.
        temperature: that the voice speaks with unless told otherwise.
        pace: what speed 1 means, as a factor on the rate that the model learned.
    """

    name: str
    license: str
    summary: str
    temperature: float = 0.3
    pace: float = 1.0


def package_voice(
    acoustic: AcousticModel,
    vocoder: Vocoder,
    symbols: SymbolTable,
    folder: Path,
    facts: VoiceFacts,
    *,
    parts: Mapping[str, Path] | None = None,
    int8: Collection[str] = INT8_GRAPHS,
) -> VoiceConfig:
    """Write a voice folder (but for its card); what is in it is replaced.

    Args:
        acoustic: trained model.
        vocoder: trained model.
        symbols: the inventory that the model was trained with.
        folder: of the voice.
        facts: what the voice says about itself.
        parts: files that become the voice's own, by their names in the folder (PART_NAMES).
        int8: graphs whose linear layers run in int8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_graphs(acoustic, vocoder, folder, int8)
    (folder / SYMBOLS_NAME).write_text(symbols.to_json(), encoding="utf-8")
    files = [SYMBOLS_NAME, WEIGHTS_NAME, *(f"{graph}.onnx" for graph in graphs_of(acoustic.config))]
    for name, path in (parts or {}).items():
        shutil.copyfile(path, folder / name)
        files.append(name)
    config = VoiceConfig(
        **asdict(facts),
        acoustic=acoustic.config,
        vocoder=vocoder.config,
        sha256={file: hash_file(folder / file) for file in files},
    )
    (folder / CONFIG_NAME).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return config

"""From finished runs to a voice folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torch import nn

from tts.checkpoint import save_weights
from tts.codec.vocoder import Vocoder
from tts.errors import InputError
from tts.inference.export import export_graphs
from tts.inference.speakers import VECTORS
from tts.inference.voices import (
    CONFIG_NAME,
    SPEAKERS_NAME,
    STEERING_NAME,
    SYMBOLS_NAME,
    WEIGHTS_NAME,
    VoiceConfig,
    graphs_of,
    hash_file,
    list_voices,
    read_voice_config,
)
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


@dataclass(frozen=True)
class Packing:
    """How a voice is packed.

    Attributes:
        parts: files that become the voice's own, by their names in the folder (PART_NAMES).
        int8: graphs whose linear layers run in int8.
        is_light: keep only what speaking needs, in int8.
        share_with: a bundled voice; files that it has too are left to it.
    """

    parts: Mapping[str, Path] = field(default_factory=dict)
    int8: Collection[str] = INT8_GRAPHS
    is_light: bool = False
    share_with: str | None = None


def package_voice(
    acoustic: AcousticModel,
    vocoder: Vocoder,
    symbols: SymbolTable,
    folder: Path,
    facts: VoiceFacts,
    packing: Packing | None = None,
) -> VoiceConfig:
    """Write a voice folder (but for its card); what is in it is replaced.

    Args:
        acoustic: trained model.
        vocoder: trained model.
        symbols: the inventory that the model was trained with.
        folder: of the voice.
        facts: what the voice says about itself.
        packing: how it is packed.

    Raises:
        InputError: there is no bundled voice to share files with, or directions to steer a voice of several speakers along.
    """
    packing = packing or Packing()
    if acoustic.speakers is not None and STEERING_NAME in packing.parts:
        raise InputError(f"voice {facts.name!r} has several speakers, and directions are of one: leave the steering out")
    folder.mkdir(parents=True, exist_ok=True)
    export_graphs(acoustic, vocoder, folder, packing.int8, is_light=packing.is_light)
    (folder / SYMBOLS_NAME).write_text(symbols.to_json(), encoding="utf-8")
    files = [SYMBOLS_NAME, WEIGHTS_NAME, *(f"{graph}.onnx" for graph in graphs_of(acoustic.config))]
    if acoustic.speakers is not None:
        save_weights(folder / SPEAKERS_NAME, {VECTORS: acoustic.speakers.vectors.detach().clone()})
        files.append(SPEAKERS_NAME)
    for name, path in packing.parts.items():
        shutil.copyfile(path, folder / name)
        files.append(name)
    hashes = {file: hash_file(folder / file) for file in files}
    config = VoiceConfig(
        **asdict(facts),
        acoustic=acoustic.config,
        vocoder=vocoder.config,
        is_light=packing.is_light,
        n_parameters={"acoustic": _count(acoustic), "vocoder": _count(vocoder)},
        sha256=hashes,
        shared={} if packing.share_with is None else _leave_to(packing.share_with, hashes, folder),
    )
    (folder / CONFIG_NAME).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return config


def _leave_to(owner: str, hashes: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Delete the files of a folder that a bundled voice has too; returns them, each with its owner."""
    if owner not in list_voices():
        raise InputError(f"unknown voice {owner!r}: take one of {', '.join(list_voices()) or 'none bundled'}")
    theirs = read_voice_config(owner).sha256
    same = [file for file, value in hashes.items() if theirs.get(file) == value]
    for file in same:
        (folder / file).unlink()
    return dict.fromkeys(same, owner)


def _count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())

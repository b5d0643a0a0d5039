"""`tts package`: from finished runs to a voice. Needs the extra [train]."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tts.cli.console import note
from tts.cli.train import read_run_json
from tts.errors import InputError

if TYPE_CHECKING:
    from tts.inference.voices import VoiceConfig
    from tts.text.symbols import SymbolTable


def package(
    acoustic_run: Path = typer.Argument(..., metavar="ACOUSTIC_RUN", help="Folder of a run of `tts train acoustic`."),
    vocoder_run: Path = typer.Argument(
        ..., metavar="VOCODER_RUN", help="Folder of a run of `tts train vocoder`, or a voice, such as heart, to take its vocoder."
    ),
    output: Path = typer.Option(..., "-o", "--output", metavar="VOICE_DIR", help="Folder of the voice."),
    name: str = typer.Option(..., help="Name of the voice."),
    license: str = typer.Option(..., help="SPDX identifier, such as Apache-2.0."),
    summary: str = typer.Option(..., help="One line about the voice."),
    temperature: float = typer.Option(0.3, help="That the voice speaks with unless told otherwise, 0 to 2."),
    pace: float = typer.Option(1.0, min=0.5, max=2.0, help="What --speed 1 means: factor on the rate that the model learned."),
    codebook: Path | None = typer.Option(None, metavar="FILE", help="Of `tts codebook`; what --map-to codebook means."),
    steering: Path | None = typer.Option(None, metavar="FILE", help="Of `tts steer`; what --steer goes along."),
    aligner: Path | None = typer.Option(
        None, metavar="RUN", help="Folder of a run of `tts align`; with its aligner the voice can judge recordings (`tts score`)."
    ),
    light: bool = typer.Option(
        False, "--light", help="Keep only what speaking needs, in int8: a third of the size; cannot be trained further."
    ),
    share_with: str | None = typer.Option(
        None, "--share-with", metavar="VOICE", help="A bundled voice; files that it has too are left to it."
    ),
    card: Path | None = typer.Option(
        None,
        metavar="FILE",
        help="Model card; kept as README.md of the voice. Without it, a voice of several speakers gets one on consent.",
    ),
) -> None:
    """Make a voice of two finished runs."""
    from tts.cli.start import read_vocoder
    from tts.inference.calibrate import add_normal, held_out
    from tts.inference.export import export_aligner
    from tts.inference.package import Packing, VoiceFacts, package_voice
    from tts.inference.voices import ALIGNER_NAME, CARD_NAME, CODEBOOK_NAME, STEERING_NAME
    from tts.models.codebook import read_codebook
    from tts.models.steering import read_steering_for
    from tts.training.recipes import AlignerRecipe, load_model

    if not 0 <= temperature <= 2:  # nan too
        raise InputError(f"--temperature {temperature}: out of range; take 0 to 2")
    for option, file in (("--card", card), ("--codebook", codebook), ("--steering", steering)):
        if file is not None and not file.is_file():
            raise InputError(f"{option} {file}: no such file")
    if codebook is not None:
        read_codebook(codebook)
    _check_voice_folder(output)
    acoustic: Any = load_model("acoustic", acoustic_run)
    vocoder: Any = read_vocoder(vocoder_run)
    symbols = _read_symbols(acoustic_run, acoustic.config.encoder.n_symbols)
    if steering is not None:
        read_steering_for(steering, acoustic.config.n_mels, len(symbols))
    kept = card or output / CARD_NAME
    facts = VoiceFacts(name, license, summary, temperature, pace)
    parts = {part: file for part, file in ((CODEBOOK_NAME, codebook), (STEERING_NAME, steering)) if file is not None}
    features = None if aligner is None else read_run_json(aligner / "config.json", AlignerRecipe).features
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder:
        made = Path(folder) / "voice"
        if aligner is not None:
            parts[ALIGNER_NAME] = Path(folder) / ALIGNER_NAME
            model: Any = load_model("aligner", aligner)
            export_aligner(model, parts[ALIGNER_NAME])
        config = package_voice(acoustic, vocoder, symbols, made, facts, Packing(parts, is_light=light, share_with=share_with))
        if features is not None:
            add_normal(made, held_out(features))
        _write_card(made / CARD_NAME, kept, config)
        if output.exists():
            os.replace(output, Path(folder) / "before")
        os.replace(made, output)
    size = math.fsum(path.stat().st_size for path in output.iterdir())
    note(f"{output}: voice {name}, {size / 1e6:.1f} MB; `tts say --voice {output} ...` speaks with it")


def _write_card(path: Path, given: Path, config: VoiceConfig) -> None:
    """Give a voice the card that there is; one of several speakers has one in any case."""
    from tts.inference.card import make_card

    if given.is_file():
        shutil.copyfile(given, path)
    elif config.speaker_names:
        path.write_text(make_card(config), encoding="utf-8")


def _check_voice_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but a voice, since it is replaced as a whole.

    Raises:
        InputError: it is a file, it holds something else, or there is no folder to make it in.
    """
    if not folder.parent.is_dir():
        raise InputError(f"-o {folder}: there is no folder {folder.parent}")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"-o {folder}: is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "config.json").is_file():
        raise InputError(f"-o {folder}: holds something that is no voice; name an empty or a new folder")


def _read_symbols(run: Path, n_symbols: int) -> SymbolTable:
    """The inventory that an acoustic run was trained with: that of its features, or, if they are gone, the project's."""
    from tts.text.symbols import DEFAULT_SYMBOLS, SymbolTable
    from tts.training.recipes import AcousticRecipe

    path = read_run_json(run / "config.json", AcousticRecipe).features / "symbols.json"
    symbols = SymbolTable.from_json(path.read_text(encoding="utf-8")) if path.is_file() else DEFAULT_SYMBOLS
    if len(symbols) != n_symbols:
        raise InputError(f"{path}: {len(symbols)} symbols, but the model of {run} knows {n_symbols}; put back the features' file")
    return symbols

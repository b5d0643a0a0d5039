"""`tts codebook`: a dictionary of mel frames or patches, for mapping and for the discrete head. Needs the extra [train]."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from tts.cli.console import note


class SpaceName(StrEnum):
    """What an entry of a codebook is."""

    patch = "patch"
    frame = "frame"


def codebook(
    features: Path = typer.Argument(..., metavar="FEATURES", help="Features folder of `tts prepare`."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="The codebook, safetensors."),
    size: int = typer.Option(1024, min=2, max=1 << 20, help="Entries."),
    space: SpaceName = typer.Option(SpaceName.patch, help="What an entry is: a patch, or a single frame."),
    patch_size: int = typer.Option(4, min=1, max=64, help="Frames of a patch; that of the model it is for."),
    rows: int = typer.Option(100_000, min=2, help="Patches or frames that it is fitted to, at most."),
    passes: int = typer.Option(10, min=1, max=1000, help="Times that it goes through them, at most."),
    seed: int = typer.Option(0, min=0, max=(1 << 32) - 1, help="Of the choice of rows and of k-means."),
) -> None:
    """Fit a codebook by k-means; the same features and seed give the same entries."""
    from tts.checkpoint import make_folder
    from tts.models.codebook import write_codebook
    from tts.training.codebooks import FitSettings, fit_codebook

    make_folder(output.parent)
    made = fit_codebook(features, FitSettings(size, space.value, patch_size, rows, passes, seed))
    write_codebook(output, made)
    note(
        f"{output}: {size} entries of {made.facts.patch_size} frames, fitted to {made.facts.n_rows};"
        f" held-out error {made.facts.error:.4f} standard deviations"
    )

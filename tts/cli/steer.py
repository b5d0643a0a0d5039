"""`tts steer`, `tts dose`: the directions that a voice can be steered along, and what they do. Both need the extra [train]."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from tts.cli.console import note, progress_bar, split_lines, write_out
from tts.errors import InputError
from tts.inference.voices import DEFAULT_VOICE

N_CALIBRATION = 6  # sentences


def steer(
    features: Path = typer.Argument(..., metavar="FEATURES", help="Aligned features that the voice was trained on."),
    voice: str = typer.Argument(..., metavar="VOICE", help="The voice's folder, or a bundled voice."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="The directions, safetensors."),
    utterances: int = typer.Option(1500, min=1, help="Utterances that they are learned from, at most."),
    min_tokens: int = typer.Option(25, min=1, help="Of an utterance; shorter ones are not said as sentences are."),
    seed: int = typer.Option(0, min=0, max=(1 << 32) - 1, help="Of the choice of utterances."),
) -> None:
    """Learn the directions pitch, energy, brightness and rate of a voice, and calibrate them on its own speech."""
    from tts.checkpoint import make_folder
    from tts.data.dataset import FeatureFolder
    from tts.evaluation.steering import calibrate
    from tts.inference.engine import TTS
    from tts.inference.steering import Steering
    from tts.models.steering import write_steering
    from tts.training.steering import LearnSettings, learn_directions

    tts = TTS.load(voice)
    if tts.speakers.vectors:
        raise InputError(f"voice {tts.voice.config.name!r} has several speakers, and directions are of one: it cannot be steered")
    if FeatureFolder(features, "train").symbols != tts.voice.symbols:
        raise InputError(f"{features}: other symbols than those of {voice}; name the features that it was trained on")
    make_folder(output.parent)
    made = learn_directions(features, tts.mel_mean, tts.mel_std, LearnSettings(utterances, min_tokens, seed))
    note(f"learned from {made.facts.n_utterances} utterances; calibrating")
    made = calibrate(tts, made, calibration_texts(features, min_tokens))
    write_steering(output, made)
    units = ", ".join(f"{name} {unit}" for name, unit in Steering(made).description.items())
    note(f"{output}: units: {units}; `tts package --steering {output}` puts it into a voice")


def calibration_texts(features: Path, min_tokens: int) -> list[str]:
    """Texts of the validation split, of middling length.

    Raises:
        InputError: it has none.
    """
    from tts.data.dataset import FeatureFolder

    data = FeatureFolder(features, "valid")
    order = data.n_frames.argsort(kind="stable")
    middle = [data.read_row(int(index)) for index in order[len(order) // 2 :]]
    texts = [row["text"] for row in middle if row["tokens"][1] >= min_tokens][:N_CALIBRATION]
    if not texts:
        raise InputError(f"{features}: no text of {min_tokens} tokens in the validation split to calibrate with")
    return texts


def dose(
    voice: str = typer.Argument(
        DEFAULT_VOICE, metavar="[VOICE]", help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub."
    ),
    texts: Path = typer.Option(..., metavar="FILE", help="Sentences, one a line."),
    limit: int = typer.Option(10, min=1, help="Take the first so many of them."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="All figures, JSON."),
) -> None:
    """Measure what steering does: each direction from -3 to 3, and what becomes of pitch, energy, brightness and rate."""
    from dataclasses import asdict

    from tts.checkpoint import replacing
    from tts.evaluation.steering import MEASURED_DOSES, Dose, speak_doses, summarize_doses
    from tts.inference.engine import TTS
    from tts.inference.steering import require_steering
    from tts.text.manner import DIRECTIONS

    if not texts.is_file():
        raise InputError(f"--texts {texts}: no such file")
    lines = split_lines(texts.read_text(encoding="utf-8"))[:limit]
    if not lines:
        raise InputError(f"--texts {texts}: no line has anything in it")
    tts = TTS.load(voice)
    units = dict(require_steering(tts.steering, tts.voice.config.name).units)
    spoken: list[Dose] = []
    with progress_bar("measuring", len(lines) * len(DIRECTIONS) * len(MEASURED_DOSES)) as show:
        for row in speak_doses(tts, lines):
            spoken.append(row)
            show(len(spoken))
    responses = summarize_doses(spoken, units)
    for response in responses:
        write_out(
            f"{response.direction}: Spearman pooled {response.spearman_pooled:.3f}, within texts {response.spearman_text:.3f},"
            f" of means {response.spearman_mean:.3f}\n"
        )
        for column, name in enumerate(DIRECTIONS):
            write_out(f"  {name:12}{''.join(f'{row[column]:8.2f}' for row in response.changes)}\n")
    if output is not None:
        rows = [asdict(row) | {"attributes": row.attributes.round(4).tolist()} for row in spoken]
        figures = {"units": units, "responses": [asdict(row) for row in responses], "doses": rows}
        with replacing(output) as temporary:
            temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

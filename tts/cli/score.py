"""`tts score`: how likely a recording, or every clip of a corpus, is under a voice that should say its text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tts.audio.io import check_writable
from tts.checkpoint import replacing
from tts.cli.console import note, progress_bar, read_text, write_out, write_row
from tts.cli.options import SPEAKER, with_speaker
from tts.cli.recording import check_picture
from tts.errors import InputError
from tts.inference.voices import DEFAULT_VOICE

if TYPE_CHECKING:
    from tts.data.clips import Clip
    from tts.inference.engine import TTS
    from tts.inference.scoring import Score


def score(
    audio: Path | None = typer.Argument(
        None, metavar="[AUDIO]", help="Recording: wav, flac, mp3, ogg, opus.", show_default=False
    ),
    text: str | None = typer.Option(None, "--text", help="What it should say; - reads stdin."),
    input: Path | None = typer.Option(None, "-i", "--input", metavar="FILE", help="Read the text from a file (UTF-8)."),
    corpus: str | None = typer.Option(
        None,
        "--corpus",
        "--manifest",
        metavar="CORPUS",
        help="Score every clip of a manifest.jsonl, or of what `tts prepare` reads.",
    ),
    worst: int | None = typer.Option(None, min=1, help="Of a corpus, show only so many clips, the most suspicious first."),
    split: str = typer.Option("", help="Of a corpus, take the clips of this split alone."),
    voice: str = typer.Option(
        DEFAULT_VOICE, help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub; it must have an aligner."
    ),
    speaker: str | None = SPEAKER,
    lexicon: Path | None = typer.Option(None, metavar="FILE", help="Your pronunciations: word TAB phonemes, one a line."),
    threads: int = typer.Option(1, min=1, max=256, help="Threads of one operation."),
    as_json: bool = typer.Option(False, "--json", help="As a JSON object."),
    png: Path | None = typer.Option(None, "--png", metavar="FILE", help="Picture of the uncertainty (needs the extra [plot])."),
) -> None:
    r"""Say how likely a recording is, word by word.

    \b
      tts score take.wav --text "The birch canoe slid on the smooth planks."
      tts score take.wav --text "..." --json --png take.png
      tts score --corpus corpus/manifest.jsonl --worst 20
    """
    from tts.inference.engine import TTS
    from tts.text.phonemize import read_lexicon

    if (audio is None) == (corpus is None):
        raise InputError("give AUDIO with its --text, or --corpus CORPUS")
    words = None if lexicon is None else read_lexicon(lexicon)
    if corpus is not None:
        for name, value in (("--text", text), ("-i", input), ("--png", png)):
            if value is not None:
                raise InputError(f"{name} does not go with --corpus, whose clips bring their texts")
        _score_corpus(with_speaker(TTS.load(voice, n_threads=threads, lexicon=words), speaker), corpus, split, worst)
        return
    assert audio is not None
    if png is not None:
        check_writable(png)
        check_picture(png)
    said = read_text(text, input)
    _score_recording(with_speaker(TTS.load(voice, n_threads=threads, lexicon=words), speaker), audio, said, as_json, png)


def _score_recording(tts: TTS, audio: Path, text: str, as_json: bool, png: Path | None) -> None:
    from tts.audio.io import read_mono
    from tts.inference.scoring import score

    samples, rate = read_mono(audio)
    try:
        result = score(tts, samples, rate, text)
    except InputError as error:
        raise InputError(f"{audio}: {error}") from None
    if as_json:
        write_out(json.dumps(_row(result), ensure_ascii=False, indent=1) + "\n")
    else:
        _write_table(result)
    if png is not None:
        from tts.evaluation.uncertainty import draw_uncertainty

        with replacing(png) as temporary:
            draw_uncertainty(result).savefig(temporary, format="png")
        note(f"{png}: written")


def _row(result: Score) -> dict[str, Any]:
    """A score for JSON."""
    words = [
        {
            "text": word.text,
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "log_prob": round(word.log_prob, 4),
            "z": _rounded(word.z),
            "suspicious": word.is_suspicious,
        }
        for word in result.words
    ]
    of_whole = {"z": _rounded(result.z), "log_prob": round(result.mean_log_prob, 4), "fit": round(result.mean_fit, 4)}
    return of_whole | {"worst": words[result.words.index(result.worst)], "words": words}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _write_table(result: Score) -> None:
    width = max(len(word.text) for word in result.words)
    write_out(f"{'word':{width}}   start     end  nats/band       z\n")
    for word in result.words:
        z = "      -" if word.z is None else f"{word.z:7.2f}"
        flag = "  <-- suspicious" if word.is_suspicious else ""
        write_out(f"{word.text:{width}} {word.start:7.2f} {word.end:7.2f} {word.log_prob:10.3f} {z}{flag}\n")
    z = "" if result.z is None else f", z {result.z:.2f}"
    write_out(f"{'all':{width}} {result.mean_log_prob:26.3f} nats per frame and band{z}\n")


def _score_corpus(tts: TTS, source: str, split: str, worst: int | None) -> None:
    """Write a JSON line per clip, as they come, or the most suspicious ones at the end."""
    from tts.data.corpora import open_corpus
    from tts.inference.alignment import open_aligner

    open_aligner(tts.voice)  # missing? then say so before the corpus is read
    clips = [clip for clip in open_corpus(source).clips() if split in ("", clip.split)]
    if not clips:
        raise InputError(f"{source}: no clips{f' in split {split!r}' if split else ''}")
    rows = []
    with progress_bar("scoring", len(clips)) as show:
        for done, row in enumerate(_score_clips(tts, clips), 1):
            show(done)
            rows.append(row)
            if worst is None:
                write_row(row)
    failed = sum("error" in row for row in rows)
    if worst is not None:
        for row in sorted(rows, key=_suspicion)[:worst]:
            write_row(row)
    note(f"{source}: {len(rows)} clips scored" + (f", {failed} of them could not be" if failed else ""))


def _suspicion(row: dict[str, Any]) -> float:
    """By which rows are sorted: clips that could not be scored come first, then those with the least likely word."""
    if "error" in row:
        return -math.inf
    worst = row["worst"]
    return float(worst["log_prob"] if worst["z"] is None else worst["z"])


def _score_clips(tts: TTS, clips: list[Clip]) -> Iterator[dict[str, Any]]:
    from tts.data.recording import mix_down, read_recording
    from tts.inference.alignment import open_aligner
    from tts.inference.hearing import MAX_SECONDS
    from tts.inference.scoring import as_said_by, score

    aligner = open_aligner(tts.voice)
    for clip in clips:
        about = {"id": clip.id, "text": clip.text}
        try:
            samples, rate = read_recording(clip, MAX_SECONDS)
            row = _row(score(as_said_by(tts, clip.speaker), mix_down(samples), rate, clip.text, aligner))
        except InputError as error:
            yield about | {"error": str(error)}
            continue
        suspicious = [word["text"] for word in row.pop("words") if word["suspicious"]]
        yield about | row | {"suspicious": suspicious}

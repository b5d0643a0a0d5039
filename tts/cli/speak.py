"""`tts say`, `tts text`, `tts voices`, `tts info`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tts.cli.console import note, read_text, split_lines, write_out, write_row
from tts.cli.options import ADDRESS, RUNNER, SPEAKER, with_speaker
from tts.cli.recording import STDOUT, Outputs
from tts.errors import InputError
from tts.inference.voices import CARD_NAME, DEFAULT_VOICE, find_twin, find_voice, list_voices, load_voice, read_voice_config
from tts.text.manner import DIRECTIONS, parse_setting

if TYPE_CHECKING:
    from tts.inference.engine import TTS
    from tts.inference.sampling import SamplingConfig

DEFAULT_OUTPUT = Path("speech.wav")
TEXT = typer.Argument(None, metavar="[TEXT]", help="What to say; - or nothing reads stdin.", show_default=False)
INPUT = typer.Option(None, "-i", "--input", metavar="FILE", help="Read the text from a file (UTF-8).")
LEXICON = typer.Option(None, metavar="FILE", help="Your pronunciations: word TAB phonemes, one a line.")


def say(
    text: str | None = TEXT,
    input: Path | None = INPUT,
    output: Path | None = typer.Option(
        None,
        "-o",
        "--output",
        metavar="FILE",
        help="Audio file (wav, flac, mp3, ogg, opus), or - for stdout.  [default: speech.wav]",
    ),
    raw: bool = typer.Option(False, "--raw", help="Stream 16-bit little-endian mono PCM to stdout, without a header."),
    lines: bool = typer.Option(False, "--lines", help="One audio file per line, into -d; a manifest beside them."),
    directory: Path | None = typer.Option(None, "-d", "--directory", metavar="DIR", help="Folder for --lines."),
    format: str = typer.Option("wav", metavar="SUFFIX", help="Audio format of --lines."),
    workers: int = typer.Option(1, min=1, max=256, help="Processes of --lines."),
    runner: str = RUNNER,
    address: str = ADDRESS,
    voice: str = typer.Option(DEFAULT_VOICE, help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub."),
    head: str | None = typer.Option(
        None, help="Speak with the voice's twin of another head: gaussian, mixture, codes (or vq).  [default: the voice's own]"
    ),
    speaker: str | None = SPEAKER,
    speed: float = typer.Option(1.0, help="2 is twice as fast; 0.25 to 4."),
    temperature: float | None = typer.Option(
        None, help="Liveliness, 0 to 2; 0 is the same every time.  [default: the voice's own]"
    ),
    top_k: int | None = typer.Option(
        None, "--top-k", help="Of a voice of codes, draw from so many of the likeliest codes only.  [default: all]"
    ),
    top_p: float | None = typer.Option(
        None,
        "--top-p",
        help="Of a voice of codes, draw from the likeliest that make up this probability, 0 to 1.  [default: all]",
    ),
    steer: list[str] = typer.Option(
        [],
        "--steer",
        metavar="NAME=DOSE",
        help="Along pitch, energy, brightness or rate, -3 to 3 standard deviations of the voice's words; may be repeated.",
    ),
    sigma: float = typer.Option(1.0, help="Expressiveness: factor of the deviation of what is drawn, 0 to 3; 0 is the mean."),
    seed: int | None = typer.Option(None, help="Gives the same audio again.  [default: drawn, and told]"),
    pause: float = typer.Option(0.15, help="Silence between sentences, seconds; 0 to 10."),
    best_of: int = typer.Option(
        1,
        "--best-of",
        min=1,
        max=16,
        help="Say every sentence so often, and keep what is likeliest to the voice's own ear.",
    ),
    lexicon: Path | None = LEXICON,
    map_to: str | None = typer.Option(
        None,
        "--map-to",
        metavar="CODEBOOK[:euclidean|cosine][:brute|faiss][:open]",
        help="Say the nearest entries of a codebook: the word codebook is the voice's own; else a file of `tts codebook`.",
    ),
    backend: str = typer.Option("onnx", help="onnx, or torch (the reference; needs the extra [train])."),
    threads: int = typer.Option(1, min=1, max=256, help="Threads of one operation."),
    timestamps: list[Path] = typer.Option([], metavar="FILE", help="Times of the words: .json, .srt or .vtt; may be repeated."),
    mel_png: Path | None = typer.Option(
        None, metavar="FILE", help="Picture of the mel frames with the words (needs the extra [plot])."
    ),
    uncertainty_png: Path | None = typer.Option(
        None, metavar="FILE", help="Picture of mel, mu, sigma and the likelihood of the words (needs the extra [plot])."
    ),
) -> None:
    r"""Say a text.

    \b
      tts say "Hello." -o hello.wav
      tts say -i book.txt -o book.opus --timestamps book.srt
      echo "Hello." | tts say -o - | aplay
      tts say --lines -i sentences.txt -d out
    """
    doses = _doses(steer)
    sampling = _sampling(
        doses, temperature=temperature, top_k=top_k, top_p=top_p, speed=speed, sigma=sigma, seed=seed, pause=pause
    )

    voice = voice if head is None else find_twin(voice, head)
    load = partial(_load, voice, backend, threads, lexicon, map_to, best_of, *([] if speaker is None else [speaker]))
    if lines:
        pictures = (("--mel-png", mel_png), ("--uncertainty-png", uncertainty_png))
        for name, value in (("-o", output), ("--timestamps", timestamps), *pictures, ("--raw", raw)):
            if value:
                raise InputError(f"{name} does not go with --lines, which writes into -d DIR with a manifest")
        from tts.cli.batch import say_lines
        from tts.cli.lines import open_lines
        from tts.data.rows import open_runner

        runs = open_runner(runner, workers, address)
        with open_lines(text, input) as texts:
            return say_lines(load, texts, directory, format, sampling, runs, is_seed_drawn=seed is None)
    if workers != 1 or runner != "local":
        raise InputError("--workers and --runner go with --lines; one text is spoken by one process")
    if directory is not None:
        raise InputError(f"-d {directory}: only with --lines; name the audio file by -o FILE")
    outputs = Outputs(output or (STDOUT if raw else DEFAULT_OUTPUT), raw, timestamps, mel_png, uncertainty_png)
    outputs.check()
    return _say_one(load, read_text(text, input), outputs, sampling)


def _load(
    voice: str,
    backend: str,
    threads: int,
    lexicon: Path | None,
    map_to: str | None,
    best_of: int = 1,
    speaker: str | None = None,
) -> TTS:
    from tts.inference.engine import TTS
    from tts.text.phonemize import read_lexicon

    words = None if lexicon is None else read_lexicon(lexicon)
    tts = with_speaker(TTS.load(voice, backend=backend, n_threads=threads, lexicon=words), speaker)
    tts = tts if map_to is None else tts.mapped_to(map_to)
    if best_of == 1:
        return tts
    from tts.inference.best_of import BestOf

    return BestOf(tts, best_of)


def _say_one(load: Callable[[], TTS], text: str, outputs: Outputs, sampling: SamplingConfig) -> None:
    tts = load()
    began = time.perf_counter()
    recording = outputs.write(tts, text, sampling)
    took = time.perf_counter() - began
    seconds = recording.n_samples / tts.sample_rate
    where = "stdout" if outputs.audio == STDOUT else str(outputs.audio)
    _report_unknown(recording.unknown)
    note(f"{where}: {seconds:.2f} s of speech in {took:.2f} s, seed {sampling.seed}")


def _doses(settings: list[str]) -> dict[str, float]:
    """What --steer asks for.

    Raises:
        InputError: names the option, its value and the remedy.
    """
    doses: dict[str, float] = {}
    for setting in settings:
        try:
            name, dose = parse_setting(setting, DIRECTIONS)
        except InputError as error:
            raise InputError(f"--steer {setting}: {error}") from None
        if name in doses:
            raise InputError(f"--steer {setting}: {name} is set twice; give it once")
        doses[name] = dose
    return doses


def _sampling(doses: dict[str, float], **options: float | None) -> SamplingConfig:
    """Settings with a seed.

    Raises:
        InputError: names the option, its value and its range.
    """
    from pydantic import ValidationError

    from tts.inference.engine import with_seed
    from tts.inference.sampling import SamplingConfig

    try:
        return with_seed(SamplingConfig(steer=doses, **options))  # type: ignore[arg-type]
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        limits = SamplingConfig.model_fields[name].metadata
        low = next(limit.ge for limit in limits if hasattr(limit, "ge"))
        high = next((str(limit.le) for limit in limits if hasattr(limit, "le")), f"{2**63 - 1}")
        raise InputError(f"--{name.replace('_', '-')} {options[name]}: out of range; take {low} to {high}") from None


def _report_unknown(unknown: dict[str, int]) -> None:
    """Say which characters were not spoken."""
    if unknown:
        shown = [f"{_show(character)} ({count})" for character, count in list(unknown.items())[:20]]
        note(f"not spoken: {', '.join(shown)}{' ...' if len(unknown) > 20 else ''}")


def _show(character: str) -> str:
    if len(character) == 1 and not (character.isprintable() and character.isascii()):
        return f"U+{ord(character):04X}" + (f" {character}" if character.isprintable() else "")
    return character


def text(
    text: str | None = TEXT,
    input: Path | None = INPUT,
    lines: bool = typer.Option(False, "--lines", help="One JSON object per line of text."),
    lexicon: Path | None = LEXICON,
) -> None:
    """Show how a text is read: JSON lines with text, normalized, phonemes, unknown."""
    from tts.text.frontend import FrontEnd
    from tts.text.phonemize import read_lexicon

    front_end = FrontEnd(lexicon=None if lexicon is None else read_lexicon(lexicon))
    whole = read_text(text, input)
    if not lines:
        write_row(front_end.describe(whole))
        return
    failures = 0
    for number, line in enumerate(split_lines(whole), 1):
        try:
            write_row(front_end.describe(line))
        except InputError as error:
            write_row({"text": line, "error": str(error)})
            note(f"line {number}: {error}")
            failures += 1
    if failures:
        raise typer.Exit(2)


def voices(
    names: list[str] = typer.Argument(None, metavar="[VOICE]...", help="Voices' folders.  [default: the bundled voices]"),
    as_json: bool = typer.Option(False, "--json", help="As a JSON array."),
) -> None:
    """List the bundled voices, or others; the names of a voice's speakers, if it has several, come last."""
    configs = [read_voice_config(name) for name in names or list_voices()]
    if as_json:
        rows = [
            {"name": c.name, "language": c.language, "license": c.license, "summary": c.summary}
            | ({"speakers": c.speaker_names} if c.speaker_names else {})
            for c in configs
        ]
        write_out(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        return
    if not configs:
        note("no voice is bundled; `tts package` makes one, --voice FOLDER takes it")
    for config in configs:
        speakers = f"\t{', '.join(config.speaker_names)}" if config.speaker_names else ""
        write_out(f"{config.name}\t{config.language}\t{config.license}\t{config.summary}{speakers}\n")


def info(
    voice: str = typer.Argument(DEFAULT_VOICE, help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub."),
    as_json: bool = typer.Option(False, "--json", help="As a JSON object."),
) -> None:
    """Check a voice, and show what it is made of and its card."""
    row = _describe(voice)
    if as_json:
        write_out(json.dumps(row, ensure_ascii=False, indent=1) + "\n")
        return
    config, card = row["config"], row.pop("card_text")
    shown = {name: config[name] for name in ("name", "summary", "license", "language", "temperature")}
    speakers = load_voice(voice).config.speaker_names
    shown |= {"speakers": ", ".join(speakers)} if speakers else {}
    shown |= {"sample rate": f"{config['vocoder']['sample_rate']} Hz"}
    shown |= {"parameters": ", ".join(f"{count:,} {part}" for part, count in row["parameters"].items())}
    shown |= {"size": f"{row['bytes'] / 1e6:.1f} MB", "folder": row["folder"], "card": row["card"] or "none"}
    write_out("".join(f"{name:12} {value}\n" for name, value in shown.items()))
    for part in ("acoustic", "vocoder"):
        write_out(f"{part:12} {json.dumps(config[part])}\n")
    write_out(f"\n{card}" if card else "")


def _describe(voice: str) -> dict[str, Any]:
    """All that `tts info` tells."""
    folder = find_voice(voice)
    config = load_voice(voice).config
    card = folder / CARD_NAME
    has_card = card.is_file()
    return {
        "folder": str(folder),
        "card": str(card) if has_card else None,
        "bytes": sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        "parameters": config.n_parameters,
        "config": config.model_dump(mode="json"),
        "card_text": card.read_text(encoding="utf-8") if has_card else "",
    }

"""The commands that measure: `tts evaluate` and `tts bench`. Figures go to a report or to stdout as JSON, tables to stderr."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tts.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from tts.evaluation.listen import QualityPredictor
    from tts.evaluation.run import EvaluationConfig
    from tts.evaluation.score import Listeners
    from tts.inference.engine import TTS

BACKEND = Annotated[str, typer.Option(help="onnx or torch.")]


def evaluate(
    voice: Annotated[
        str, typer.Argument(help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub.")
    ] = "heart",
    texts: Annotated[Path | None, typer.Option(help="Text file, one line for each utterance.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the report, the pictures and the audio.")] = Path(
        "runs/evaluation"
    ),
    audio: Annotated[Path | None, typer.Option(help="Score the audio files of this folder; speak nothing.")] = None,
    copy_synthesis: Annotated[
        Path | None, typer.Option(help="Copy recordings by the vocoder alone: a folder of audio, or a manifest (its test split).")
    ] = None,
    asr: Annotated[str, typer.Option(help="Recogniser: a faster-whisper model's name or folder.")] = "base",
    seeds: Annotated[str, typer.Option(help="Seeds, such as 1,2,3; each line is spoken once for each.")] = "1",
    limit: Annotated[int | None, typer.Option(help="Only the first so many lines or files.")] = None,
    speaker: Annotated[str | None, typer.Option(metavar="NAME", help="Who speaks, of a voice of several speakers.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0 to 2; the voice's own if not given.")] = None,
    speed: Annotated[float, typer.Option(help="2 is twice as fast.")] = 1.0,
    mos: Annotated[bool, typer.Option("--mos/--no-mos", help="Predict the quality by DistillMOS.")] = True,
    backend: BACKEND = "onnx",
    threads: Annotated[int, typer.Option(help="Threads of the voice and of the recogniser.")] = 1,
) -> None:
    """Measure how well a voice is understood and how good it sounds."""
    from tts.config import validate
    from tts.evaluation.run import EvaluationConfig

    values: dict[str, Any] = {
        "out": out,
        "texts": texts,
        "audio": audio,
        "seeds": parse_numbers(seeds, "--seeds", 0),
        "limit": limit,
    }
    values |= {"speaker": speaker, "temperature": temperature, "speed": speed, "backend": backend, "n_threads": threads}
    config = validate(EvaluationConfig, values, "tts evaluate")
    console = _console()
    if copy_synthesis is not None:
        _evaluate_copies(voice, copy_synthesis, config, mos, console)
    else:
        _evaluate_texts(voice, config, asr, mos, console)
    console.print(f"report and pictures in {config.out}", style="dim", highlight=False)


def bench(
    voice: Annotated[
        str, typer.Argument(help="A bundled voice, a voice's folder, or owner/name of the Hugging Face hub.")
    ] = "heart",
    threads: Annotated[str, typer.Option(help="Numbers of threads to measure, such as 1,2.")] = "1,2",
    repeat: Annotated[int, typer.Option(min=1, help="Timed runs of each text; the median counts.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file; - is stdout.")] = None,
    backend: BACKEND = "onnx",
    long: Annotated[
        int | None, typer.Option(min=1000, help="Stream a text of so many words instead; memory and cost of each tenth.")
    ] = None,
) -> None:
    """Measure how fast a voice speaks, how soon it begins, and how much memory it takes."""
    from tts.evaluation.bench import bench_table, run_bench

    counts, console = parse_numbers(threads, "--threads", 1), _console()
    if long is not None:
        figures = _marathon(voice, counts[0], backend, long, console)
    else:
        with console.status("measuring"):
            figures = run_bench(voice, list(counts), repeat, backend)
        console.print(bench_table(figures))
    if json_file is not None:
        _write_json(json_file, figures)


def parse_numbers(text: str, option: str, smallest: int) -> tuple[int, ...]:
    """Read whole numbers that are separated by commas.

    Raises:
        InputError: there is something else, a number is too small, or one comes twice.
    """
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option} {text}: write whole numbers with commas between them, such as 1,2") from None
    if min(numbers) < smallest or max(numbers) >= 2**63 or len(set(numbers)) < len(numbers):
        raise InputError(f"{option} {text}: each number must be at least {smallest} and come once")
    return numbers


def _evaluate_texts(voice: str, config: EvaluationConfig, asr: str, use_mos: bool, console: Console) -> None:
    from tts.evaluation.report import report_table
    from tts.evaluation.run import evaluate_audio, evaluate_voice, texts_of

    texts_of(config)  # what is wrong with them shall be said before models are loaded
    listeners = _listeners(asr, use_mos, config.n_threads)
    if config.audio is not None:
        report = evaluate_audio(config, listeners, _track(console))
    else:
        report = evaluate_voice(_load(voice, config), config, listeners, _track(console))
    console.print(report_table(report))


def _evaluate_copies(voice: str, source: Path, config: EvaluationConfig, use_mos: bool, console: Console) -> None:
    from tts.evaluation.copy_synthesis import copy_table
    from tts.evaluation.run import evaluate_copies

    quality = _quality(use_mos, config.n_threads)
    console.print(copy_table(evaluate_copies(_load(voice, config), source, config, quality, _track(console))))


def _marathon(voice: str, n_threads: int, backend: str, n_words: int, console: Console) -> dict[str, Any]:
    from dataclasses import asdict

    from tts.evaluation.machine import cpu_name, versions
    from tts.evaluation.marathon import marathon_table, run_marathon
    from tts.evaluation.texts import long_text
    from tts.inference.engine import TTS

    tts = TTS.load(voice, backend=backend, n_threads=n_threads)
    parts = list(_track(console)(run_marathon(tts, long_text(n_words)), 10, "speaking"))
    console.print(marathon_table(parts))
    facts = {"voice": voice, "backend": backend, "n_threads": n_threads, "cpu": cpu_name(), "versions": versions()}
    return facts | {"parts": [asdict(part) | {"rtf": part.rtf, "cpu_rtf": part.cpu_rtf} for part in parts]}


def _load(voice: str, config: EvaluationConfig) -> TTS:
    from tts.inference.engine import TTS

    return TTS.load(voice, backend=config.backend, n_threads=config.n_threads)


def _listeners(asr: str, use_mos: bool, n_threads: int) -> Listeners:
    from tts.evaluation.listen import Whisper, load_normalizer, require
    from tts.evaluation.score import Listeners

    require("faster_whisper", "torchaudio", "matplotlib", *(["distillmos"] if use_mos else []))
    normalize, quality = load_normalizer(), _quality(use_mos, n_threads)
    return Listeners(Whisper(asr, n_threads), quality, normalize)


def _quality(use_mos: bool, n_threads: int) -> QualityPredictor | None:
    from tts.evaluation.listen import DistillMos

    return DistillMos(n_threads) if use_mos else None


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _track(console: Console) -> Any:
    """Progress on the console: a function that evaluation calls with items, their number and what is done."""
    from rich.progress import track

    def show(items: Iterable[Any], count: int, label: str) -> Iterable[Any]:
        return track(items, label, count, console=console)

    return show


def _write_json(path: Path, figures: dict[str, Any]) -> None:
    import json

    from tts.checkpoint import replacing

    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    if str(path) == "-":
        typer.echo(text, nl=False)
        return
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None

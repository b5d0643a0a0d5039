"""The report: Markdown and pictures from the results, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tts.checkpoint import make_folder, replacing
from tts.evaluation.compare.answers import answer
from tts.evaluation.compare.plan import COLLAPSE, QUESTIONS
from tts.evaluation.compare.plots import draw
from tts.evaluation.compare.results import RESULTS_NAME, Results, write_results
from tts.evaluation.compare.tables import Answer
from tts.evaluation.plots import save_figure

REPORT_NAME = "results.md"
ASKED = (*QUESTIONS, COLLAPSE)
BANNER = (
    "> **A quick run.** Few steps, little speech, few sentences: it shows that everything works, and its figures mean nothing."
)
HOW = """Figures are followed by 95 % bootstrap intervals in brackets: sentences (or held-out utterances, or checkpoints) are
drawn with replacement, 2,000 times; differences are paired by sentence. What an interval that holds zero says is "not
told apart". All trained arms share first seeds, the order of the data, the number of steps, the vocoder and, within 2
%, the number of parameters (the width of the head's hidden layer is chosen for it; frozen quantisers do not count).
The temperature is chosen for each arm on sentences of their own. NLL, CRPS and energy score are in units of the
natural-log mel, per dimension, on held-out speech given the recorded history; the NLL of codes is that of no density
and stands apart. Frozen stretches: at least 60 ms of speech in which each frame is nearly (0.15 on average) the one 1
to 8 frames before. Words said twice: heard twice in a row, less those written so."""


def write_report(results: Results, folder: Path, name: str = REPORT_NAME) -> Path:
    """Write results and pictures into a folder: NAME, the JSON beside it, pictures in a folder of the same stem.

    Returns:
        The report's path.
    """
    path = folder / name
    make_folder(folder / path.stem)
    write_results(results, path.with_suffix(".json"))
    pictures = {question: picture for question in ASKED if (picture := _draw(results, question, folder / path.stem))}
    with replacing(path) as temporary:
        temporary.write_text(render(results, pictures), encoding="utf-8")
    return path


def _draw(results: Results, question: int, folder: Path) -> str | None:
    """Draw a question's picture; returns its path in the report, or None when there is nothing to draw."""
    path = folder / f"question_{question}.png"
    path.unlink(missing_ok=True)
    figure = draw(results, question) if answer(results, question).picture else None
    if figure is None:
        return None
    save_figure(figure, path)
    return f"{folder.name}/{path.name}"


def render(results: Results, pictures: dict[int, str]) -> str:
    """The report as Markdown; pictures are paths by question."""
    sections = [_section(results, question, pictures.get(question)) for question in ASKED]
    return "\n".join([_head(results), *sections, _arms_section(results)])


def _head(results: Results) -> str:
    listeners = f"Words are heard by {results.recogniser}" if results.recogniser else "No recogniser: WER is not measured"
    quality = results.quality or "not measured"
    packages = ", ".join(
        f"{name} {version}" for name, version in results.versions.items() if name in ("torch", "onnxruntime", "python")
    )
    n_done = sum(arm.status == "done" for arm in results.arms)
    lines = [
        f"# {results.title}",
        *(["", BANNER] if results.is_quick else []),
        "",
        f"Made by `{results.command}` from [the figures]({RESULTS_NAME}): {n_done} of {len(results.arms)} arms done,"
        f" {results.hours_spent:.1f} hours of processes together. {listeners}; quality by {quality}. {results.cpu}; {packages}.",
        "",
        HOW,
        "",
    ]
    return "\n".join(lines)


def _section(results: Results, question: int, picture: str | None) -> str:
    made = answer(results, question)
    heading = f"## {question}. {made.title}" if question != COLLAPSE else f"## {made.title}"
    lines = [heading, "", *(f"- {sentence}" for sentence in made.sentences), ""]
    lines += [f"![{made.title}]({picture})", ""] if picture else []
    return "\n".join([*lines, *_table(made)])


def _table(made: Answer) -> list[str]:
    if not made.rows:
        return []
    header = ["| " + " | ".join(made.header) + " |", "|" + "---|" * len(made.header)]
    return [*header, *("| " + " | ".join(row) + " |" for row in made.rows), ""]


def _arms_section(results: Results) -> str:
    """How every arm was made."""
    rows = []
    for arm in results.arms:
        size = f"{arm.parameters:,}" if arm.parameters else ""
        hidden = str(arm.head_hidden or "")
        steps = f"{arm.steps:,}" if arm.steps and arm.is_trained else ""
        rate = f"{arm.frames_per_second:,.0f}" if arm.frames_per_second and arm.is_trained else ""
        hours = f"{arm.hours:g}" if arm.hours else ""
        rows.append(
            [arm.label, f"`{arm.name}`", arm.head, size, hidden, hours, steps, rate, f"{arm.seconds / 60:.0f}", arm.status]
        )
    header = ["arm", "name", "head", "parameters", "head's width", "hours", "steps", "frames a second", "minutes in all", "state"]
    return "\n".join(["## The arms", "", *_table(Answer("", [], header, rows))])

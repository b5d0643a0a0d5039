"""The command line: `tts COMMAND`. Here are the commands' names and what becomes of errors; they are in the modules beside.

Audio and data go to stdout, messages to stderr. Exit status: 0 done, 1 a fault of ours (with its traceback), 2 the user's mistake
(one line), 130 interrupted, 141 the reader of our output has gone. What is heavy is imported by the command that needs it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from itertools import pairwise
from typing import Any

import typer

from tts.cli import codebook, compare, corpus, demo, measure, package, score, serve, speak, steer, train
from tts.cli.console import flush_out, note, one_line
from tts.errors import InputError

EXTRAS = {
    **dict.fromkeys(("torch", "torchaudio", "librosa", "scipy", "tensorboard", "onnx", "inflect"), "train"),
    **dict.fromkeys(("sklearn", "vector_quantize_pytorch"), "train"),
    "faiss": "faiss",
    **dict.fromkeys(("lhotse", "smart_open", "pyloudnorm"), "corpora"),
    "matplotlib": "plot",
    **dict.fromkeys(("faster_whisper", "jiwer", "whisper_normalizer", "distillmos"), "eval"),
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "h11", "prometheus_client", "av"), "serve"),
    "wyoming": "wyoming",
    **dict.fromkeys(("resemblyzer", "webrtcvad"), "speakers"),
    "ray": "ray",
    "huggingface_hub": "hub",
    **dict.fromkeys(("gradio", "lxml", "markdown_it"), "demo"),
}  # module -> extra that brings it
CommandError: type[Exception] = typer.BadParameter.__mro__[2]  # ClickException, of click or of typer's copy of it

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    name="tts",
    help="Text to speech: say text, look into voices, train your own.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        print(f"tts {version('calm-tts')}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    pass


SPEAKING = (speak.say, speak.text, speak.voices, speak.info)
TRAINING = (
    corpus.prepare,
    corpus.validate,
    corpus.speakers,
    train.align,
    train.train,
    codebook.codebook,
    steer.steer,
    train.generate,
    package.package,
)
MEASURING = (measure.evaluate, measure.bench, score.score, steer.dose, compare.compare)
for command in (*SPEAKING, serve.serve, demo.demo, *TRAINING, *MEASURING):
    app.command()(command)


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments; those of the process if None.

    Returns:
        The exit status.
    """
    if argv is None:
        argv = sys.argv[1:]
        signal.signal(signal.SIGTERM, _end)
    try:
        return _run(argv or ["--help"])
    except KeyboardInterrupt:
        note("interrupted")
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 141
    except InputError as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        return _refuse(_missing_extra(error))
    except OSError as error:
        if error.filename is None and error.errno not in DISK_FULL:
            raise
        _forget_stdout()
        return _refuse(f"{error.filename or 'output'}: {error.strerror}")


def _run(argv: list[str]) -> int:
    """Parse and run; `Command.main` of click is left aside, since it hides interrupts and closed pipes from us."""
    try:
        command = typer.main.get_command(app)
        with command.make_context("tts", list(argv)) as context:
            command.invoke(context)
        flush_out()
    except typer.Exit as stop:
        return stop.exit_code
    except CommandError as error:
        return _refuse(_usage_message(error, argv))
    return 0


def _usage_message(error: Any, argv: list[str]) -> str:
    """What typer finds wrong with the arguments, the value that it may have left out, and where help is."""
    path = error.ctx.command_path if getattr(error, "ctx", None) else "tts"
    message = error.format_message().rstrip(".")
    options = getattr(getattr(error, "param", None), "opts", ())
    given = [value for name, value in pairwise(argv) if name in options]
    given += [arg.partition("=")[2] for arg in argv if arg.partition("=")[0] in options and "=" in arg]
    values = "".join(f"got {value!r}; " for value in given if repr(value) not in message)
    return f"{message} ({values}see {path} --help)"


def _refuse(message: str) -> int:
    print(f"tts: error: {one_line(message)}", file=sys.stderr)
    return 2


def _missing_extra(error: ModuleNotFoundError) -> str:
    """One line that names the extra.

    Raises:
        ModuleNotFoundError: the module is in none of them, so it is a fault of ours.
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        raise error
    extra = EXTRAS[module]
    return f"this needs {module}, which comes with the extra [{extra}]: pip install 'calm-tts[{extra}]'"


def _forget_stdout() -> None:
    """Nobody reads stdout any more: keep the interpreter from complaining when it flushes it at exit."""
    stdout = sys.__stdout__
    if stdout is not None and stdout is sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


def _end(number: int, frame: object) -> None:
    """End by an exception, so that files under temporary names are removed."""
    raise SystemExit(128 + number)

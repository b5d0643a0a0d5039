"""Runs commands: in this process, which is fast, or in one of their own, which is real."""

import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tts.cli import main

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Result:
    status: int
    out: bytes
    err: str


@pytest.fixture
def run(capsysbinary, monkeypatch, shared_g2p):
    """Run a command in this process: run("say", "Hi.", stdin=b"...")."""

    def call(*arguments, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsysbinary.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        return Result(status, captured.out, captured.err.decode())

    return call


@pytest.fixture
def say(run, tiny_voice):
    """Run `tts say` with the tiny voice."""
    return lambda *arguments, stdin=b"": run("say", *arguments, "--voice", tiny_voice, stdin=stdin)


@pytest.fixture
def start():
    """Start a command in a process of its own; what still runs is ended after the test."""
    running = []

    def call(*arguments) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "tts.cli", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
        )
        running.append(process)
        return process

    yield call
    for process in running:
        process.kill()
        process.communicate()

"""Memory over very many lines, in a process of its own: `many_lines.py FEW LINES OUT RUNNER`; the voice is left out.

Prints by how many MB the resident memory of this process grew while the lines were spoken, once it had spoken the few.
"""

import json
import sys
from pathlib import Path

from million_rows import resident_mb

from tts.cli.batch import open_record, speak_lines
from tts.cli.line_job import SpeakPart
from tts.cli.lines import open_lines
from tts.data.rows import Row, open_runner
from tts.inference.sampling import SamplingConfig


class StubSpeakPart(SpeakPart):
    """Writes no audio."""

    def _speak(self, line: Row) -> Row:
        words = [{"word": word, "start": 0.25, "end": 0.5} for word in line["text"].split()]
        return line | {"seconds": 1.0, "seed": self.sampling.seed, "words": words}


def speak(source: Path, out: Path, runner: str) -> None:
    out.mkdir()
    job = StubSpeakPart(load=None, voice="", folder=out, sampling=SamplingConfig(seed=1))
    open_record(job.folder, "key", 1, is_drawn=False)
    with open_lines(None, source) as lines:
        speak_lines(job, lines, ".wav", open_runner(runner, 2, "auto"))


if __name__ == "__main__":
    first, source, out = map(Path, sys.argv[1:4])
    speak(first, out / "first", sys.argv[4])
    before, _ = resident_mb()
    speak(source, out / "all", sys.argv[4])
    _, highest = resident_mb()
    sys.stdout.write(json.dumps({"before": before, "growth": highest - before}))

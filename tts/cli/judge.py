"""`--judge`: while an acoustic model trains, a recogniser writes down what it would say, and its errors join the validation."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tts.codec.vocoder import Vocoder
    from tts.evaluation.listen import Transcriber
    from tts.training.acoustic import AcousticTask


class Judge:
    """Measures the word error rate of a task's averaged weights.

    Args:
        lines: what is said, each with the seed 0.
        vocoder: that makes the sound.
        transcriber: that listens.
    """

    def __init__(self, lines: list[str], vocoder: Vocoder, transcriber: Transcriber) -> None:
        from tts.evaluation.listen import load_normalizer

        self.lines, self.vocoder, self.transcriber = lines, vocoder, transcriber
        self.normalize = load_normalizer()

    def __call__(self, task: AcousticTask) -> dict[str, float]:
        """Word error rate, `wer`: errors per word of the lines."""
        from tts.evaluation.metrics import add_counts, count_words

        heard = self._hear(task)
        counts = (count_words(self.normalize(line), self.normalize(words)) for line, words in zip(self.lines, heard, strict=True))
        return {"wer": add_counts(counts).rate}

    def _hear(self, task: AcousticTask) -> list[str]:
        """What the transcriber hears of each line."""
        from tts import TTS, SamplingConfig
        from tts.audio.resample import resample
        from tts.evaluation.listen import LISTEN_RATE
        from tts.inference.package import Packing, VoiceFacts, package_voice

        with task.updater.averaged(), TemporaryDirectory() as folder:
            facts = VoiceFacts("judged", "none", "A model in training.")
            package_voice(
                copy.deepcopy(task.model).cpu(), self.vocoder, task.train.symbols, Path(folder), facts, Packing(int8=())
            )
            tts = TTS.load(folder)
            spoken = [tts.synthesize(line, SamplingConfig(seed=0)) for line in self.lines]
        return [self.transcriber.transcribe(resample(speech.audio, speech.sample_rate, LISTEN_RATE)) for speech in spoken]


def make_judge(kind: str, texts: Path, asr: str, voice: Path | None) -> Judge:
    """Make the judge of a training.

    Args:
        kind: of the training.
        texts: file with a line for each utterance.
        asr: faster-whisper's name of a model, or a folder.
        voice: whose vocoder makes the sound.

    Raises:
        InputError: no acoustic model is trained, there is no voice, or no recogniser.
    """
    from tts.cli.start import read_vocoder
    from tts.errors import InputError
    from tts.evaluation.listen import Whisper
    from tts.evaluation.texts import read_lines

    if kind != "acoustic" or voice is None:
        raise InputError("--judge: listens to acoustic models that begin with a voice, by its vocoder; give --from VOICE")
    return Judge(read_lines(texts), read_vocoder(voice), Whisper(asr))

"""Who listens: a speech recogniser and a predictor of quality behind two small protocols, loaded only when they are used.

Both hear mono audio at 16 kHz, resampled by torchaudio. Letters: N samples.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from tts.audio.io import read_mono
from tts.audio.resample import resample
from tts.errors import InputError

LISTEN_RATE = 16_000  # Hz
MIN_QUALITY_SAMPLES = 1600  # audio that is no longer than this has no quality


class Transcriber(Protocol):
    """Writes down what is said."""

    name: str

    def transcribe(self, audio: np.ndarray) -> str:
        """Words heard in (N,) samples at LISTEN_RATE."""
        ...


class QualityPredictor(Protocol):
    """Predicts how people would rate the sound."""

    name: str

    def score(self, audio: np.ndarray) -> float | None:
        """Mean opinion score, 1 to 5, of (N,) samples at LISTEN_RATE; None when they are too few."""
        ...


class Whisper:
    """Whisper by faster-whisper: int8, beam 5, English, each window on its own."""

    def __init__(self, name_or_path: str, n_threads: int = 1) -> None:
        """Load a model.

        Args:
            name_or_path: faster-whisper's name of a model (downloaded once), or a folder in CTranslate2's format.
            n_threads: threads of the recogniser.

        Raises:
            InputError: faster-whisper is not installed, or there is no such model.
        """
        require("faster_whisper")
        import ctranslate2
        from faster_whisper import WhisperModel

        self.name = f"faster-whisper {Path(name_or_path).name}"
        ctranslate2.set_random_seed(0)  # the fallback for doubtful windows samples
        try:
            self.model = WhisperModel(name_or_path, device="cpu", compute_type="int8", cpu_threads=n_threads)
        except (ValueError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0][:160]
            raise InputError(f"recogniser {name_or_path!r} cannot be loaded ({reason}); name a model or its folder") from None

    def transcribe(self, audio: np.ndarray) -> str:
        """Words heard in (N,) samples at 16 kHz."""
        segments, _ = self.model.transcribe(audio, language="en", beam_size=5, condition_on_previous_text=False)
        return " ".join(segment.text for segment in segments)


class DistillMos:
    """DistillMOS, a small network that predicts mean opinion scores (arXiv 2502.05356)."""

    name = "DistillMOS"

    def __init__(self, n_threads: int = 1) -> None:
        """Load the network, whose weights come with its package.

        Raises:
            InputError: distillmos is not installed.
        """
        require("distillmos", "torch")
        import distillmos
        import torch

        torch.set_num_threads(n_threads)
        with contextlib.redirect_stdout(io.StringIO()):  # it says where its weights are
            self.model = distillmos.ConvTransformerSQAModel().eval()

    def score(self, audio: np.ndarray) -> float | None:
        """Mean opinion score, 1 to 5, of (N,) samples at 16 kHz; None when they are too few."""
        import torch

        if len(audio) <= MIN_QUALITY_SAMPLES:
            return None
        with torch.inference_mode():
            return float(self.model(torch.from_numpy(audio)[None]))


def load_normalizer() -> Callable[[str], str]:
    """Whisper's normaliser of English text, applied to what was written and to what was heard.

    Raises:
        InputError: whisper-normalizer or jiwer is not installed.
    """
    require("whisper_normalizer", "jiwer")
    from whisper_normalizer.english import EnglishTextNormalizer

    normalizer: Callable[[str], str] = EnglishTextNormalizer()
    return normalizer


def read_resampled(path: Path, sample_rate: int = LISTEN_RATE) -> np.ndarray:
    """Read an audio file of any rate.

    Returns:
        (N,) float32 at `sample_rate`, channels averaged.

    Raises:
        InputError: the file is missing, empty or no audio.
    """
    return resample(*read_mono(path), sample_rate)


def require(*modules: str) -> None:
    """Refuse to go on without optional packages.

    Raises:
        InputError: names what is missing and how to install it.
    """
    missing = [module.replace("_", "-") for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise InputError(f"evaluation needs {', '.join(missing)}: pip install 'calm-tts[eval]'")

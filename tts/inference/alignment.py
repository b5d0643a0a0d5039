"""The aligner of a voice, run by ONNX Runtime: which frames of a recording belong to which token of its text. No torch.

Letters: T frames, F mel bands, S tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from tts.audio.silence import is_silent
from tts.errors import InputError
from tts.inference.voices import ALIGNER_NAME, Voice
from tts.models.alignment import alignment_prior, best_path, give_silence_to_pauses, is_pause


@dataclass(frozen=True)
class Alignment:
    """Which frames belong to which token.

    Attributes:
        durations: int64 (S,) frames of each token, each at least 1.
        scores: (T,) nats, logarithm of the share that each frame gives to its token among all tokens of the text.
    """

    durations: np.ndarray
    scores: np.ndarray


class GraphAligner:
    """Aligns recordings with texts."""

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        """Open the graph."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def align(self, mel: np.ndarray, tokens: np.ndarray) -> Alignment:
        """Align one recording.

        Args:
            mel: (T, F) natural-log mel, silence at its ends trimmed.
            tokens: int64 (S, 3) id, stress, place.

        Raises:
            InputError: there are fewer frames than tokens.
        """
        if len(mel) < len(tokens):
            raise InputError(
                f"{len(tokens)} phones and pauses do not fit into {len(mel)} frames: the text is too long for the audio"
            )
        inputs = {"tokens": tokens[None], "mel": mel[None], "prior": alignment_prior(mel, tokens[:, 0])[None]}
        durations, scores = best_path(self.session.run(None, inputs)[0][0])
        return Alignment(give_silence_to_pauses(durations, is_pause(tokens[:, 0]), is_silent(mel)), scores)


def open_aligner(voice: Voice) -> GraphAligner:
    """The aligner of a voice.

    Raises:
        InputError: the voice has none.
    """
    if ALIGNER_NAME not in voice.config.sha256:
        raise InputError(
            f"voice {voice.config.name!r} has no aligner, so it cannot listen; `tts package --aligner RUN` gives it one"
        )
    return GraphAligner(voice.file(ALIGNER_NAME))

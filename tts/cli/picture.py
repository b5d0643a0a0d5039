"""The picture of an utterance: its mel frames over time, with the words and their borders. Needs the extra [plot]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tts.cli.recording import Recording
    from tts.inference.engine import TTS

FLOOR = np.log(1e-5)  # where nothing is spoken
INCHES_PER_SECOND, MIN_INCHES, MAX_INCHES = 2.5, 5.0, 150.0
MAX_LABELS = 300  # words; more cannot be read in MAX_INCHES


def lay_out(recording: Recording, n_mels: int, sample_rate: int, hop_length: int) -> np.ndarray:
    """Mel frames (T, F) of the whole audio: every sentence at its place, silence between them."""
    mel = np.full((-(-recording.n_samples // hop_length), n_mels), FLOOR, np.float32)
    for start, parts in recording.mels:
        first = round(start * sample_rate / hop_length)
        frames = np.concatenate(parts)[: len(mel) - first]
        mel[first : first + len(frames)] = frames
    return mel


def draw_mel(path: Path, recording: Recording, tts: TTS) -> None:
    """Write the picture as PNG.

    Args:
        path: the file.
        recording: with its mels kept.
        tts: that spoke.
    """
    from matplotlib.figure import Figure

    config = tts.voice.config.vocoder
    mel = lay_out(recording, config.n_mels, config.sample_rate, config.hop_length)
    seconds = recording.n_samples / config.sample_rate
    figure = Figure(figsize=(min(max(INCHES_PER_SECOND * seconds, MIN_INCHES), MAX_INCHES), 4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(
        mel.T, origin="lower", aspect="auto", extent=(0, seconds, 0, config.n_mels), interpolation="none", vmin=FLOOR
    )
    axes.set(xlabel="seconds", ylabel="mel band")
    figure.colorbar(image, ax=axes, label="log magnitude", pad=0.01, aspect=30)
    words = [word for sentence in recording.sentences for word in sentence.words][:MAX_LABELS]
    for word in words:
        for border in (word.start, word.end):
            axes.axvline(border, color="white", linewidth=0.6, alpha=0.6)
        middle = (word.start + word.end) / 2
        axes.text(middle, config.n_mels * 1.01, word.text.replace("$", r"\$"), rotation=45, ha="left", va="bottom", fontsize=8)
    figure.savefig(path, format="png")

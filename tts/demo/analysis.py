"""What lies behind a spoken line: its phones with their durations, and the pitch that drove the vocoder.

Durations and pitch are no guesses from the audio: the text encoder and the vocoder are run once more on the same input and say
what they said when they spoke. Letters: S tokens, T frames, F mel bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.demo.take import Line, Take
from tts.inference.engine import TTS
from tts.inference.hearing import Heard
from tts.inference.scoring import Score, judge_all
from tts.text.frontend import Utterance

VOICED = 10**-2.5  # -25 dB
BEGIN_SHOWN, END_SHOWN = "⊢", "⊣"  # of an utterance


@dataclass(frozen=True)
class Analysis:
    """A line from inside.

    Attributes:
        line: what was spoken.
        symbols: S phones and marks; stress is written before a phone.
        durations: (S,) int64 frames.
        mel: (T, F) natural-log mel frames.
        frame_rate: frames per second.
    """

    line: Line
    symbols: list[str]
    durations: np.ndarray
    mel: np.ndarray
    frame_rate: float

    @property
    def words(self) -> list[tuple[str, float, float]]:
        """Words with start and end, seconds from the beginning of the line."""
        return [(word.text, word.start - self.line.start, word.end - self.line.start) for word in self.line.words]


def read_utterances(tts: TTS, text: str) -> list[Utterance]:
    """The utterances of a text, one for each line of its take."""
    return [piece for piece in tts.front_end.chunks(text) if isinstance(piece, Utterance)]


def analyse(tts: TTS, take: Take, index: int) -> Analysis:
    """Look into a line of a take."""
    line, utterance = take.lines[index], read_utterances(tts, take.text)[index]
    config = tts.voice.config.vocoder
    return Analysis(
        line=line,
        symbols=_symbols(tts, utterance),
        durations=tts.time_tokens(utterance, take.sampling)[1],
        mel=line.mel,
        frame_rate=config.sample_rate / config.hop_length,
    )


def judge_line(tts: TTS, take: Take, index: int) -> Score:
    """The density of a line that was spoken: the model is led along its frames once more."""
    utterance, analysis = read_utterances(tts, take.text)[index], analyse(tts, take, index)
    mel = analysis.mel[: analysis.durations.sum()]
    heard = Heard(mel, 0.0, np.ones(mel.shape[1], bool))
    return judge_all(tts, [utterance], heard, analysis.durations, np.zeros(len(mel), np.float32))


def track_pitch(tts: TTS, mel: np.ndarray) -> np.ndarray:
    """The pitch with which the vocoder speaks a mel.

    Args:
        tts: the open voice.
        mel: (T, F) natural-log mel frames.

    Returns:
        (T,) Hz, NaN where the harmonics carry less energy than the other branches, or less than VOICED of the loudest frame's.
    """
    ahead = tts.voice.config.vocoder.lookahead
    padded = np.concatenate((np.repeat(mel[:1], ahead, axis=0), mel, np.repeat(mel[-1:], ahead, axis=0)))
    state = tts.backend.init_vocoder_state()
    frames = tts.backend.vocode(padded[ahead:], padded[: len(padded) - ahead], state)[ahead:]
    harmonic, *others = (np.exp(2 * part).sum(1) for part in (frames.log_harmonic, frames.log_noise, frames.log_free))
    return np.where(harmonic > np.maximum(sum(others), VOICED * harmonic.max()), frames.f0, np.nan)


def _symbols(tts: TTS, utterance: Utterance) -> list[str]:
    tokens = utterance.tokens
    letters = [tts.front_end.symbols.symbols[index] for index in tokens.ids]
    shown = [("", "ˈ", "ˌ")[stress] + letter for letter, stress in zip(letters, tokens.stress, strict=True)]
    return [BEGIN_SHOWN, *shown[1:-1], END_SHOWN]

"""Where the time of speaking goes: a clock that charges one stage at a time, switched by wrappers of front end and backend.

The engine itself is not changed. What it does between two calls of the backend is charged by the call before: after `encode` come
durations and conditions, after `step` the draw, after `vocode` the inverse STFT.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tts.codec.synthesis import SpectrumFrames
from tts.inference.backend import Backend, Density
from tts.inference.engine import TTS
from tts.text.frontend import FrontEnd, Pause, Utterance

FRONT_END, ENCODE, CONDITION, STEP, VOCODE, SYNTHESIS = "front end", "encode", "condition", "step + sample", "vocode", "synthesis"
STAGES = (FRONT_END, ENCODE, CONDITION, STEP, VOCODE, SYNTHESIS)


class StageClock:
    """Charges the time that goes by to one stage after another."""

    def __init__(self) -> None:
        """Start with nothing charged; the clock runs from the first switch on."""
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._stage: str | None = None
        self._since = 0.0

    def switch(self, stage: str | None) -> None:
        """Charge the time since the last switch, and go on with another stage; None stops the clock."""
        now = time.perf_counter()
        if self._stage is not None:
            self.seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now


class TimedFrontEnd(FrontEnd):
    """A front end whose time is charged."""

    def __init__(self, inner: FrontEnd, clock: StageClock) -> None:
        """Take the parts of `inner`."""
        super().__init__(inner.phonemizer, inner.symbols)
        self.clock = clock

    def chunks(self, text: str) -> Iterator[Utterance | Pause]:
        """Utterances and pauses, as FrontEnd yields them."""
        self.clock.switch(FRONT_END)
        for piece in super().chunks(text):
            self.clock.switch(ENCODE)
            yield piece
            self.clock.switch(FRONT_END)
        self.clock.switch(None)


class TimedBackend:
    """A backend whose time is charged; each call ends in the stage of what the engine does with its result."""

    def __init__(self, inner: Backend, clock: StageClock) -> None:
        """Wrap `inner`."""
        self.inner, self.clock = inner, clock

    def encode(self, tokens: np.ndarray, speaker: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """See Backend."""
        self.clock.switch(ENCODE)
        result = self.inner.encode(tokens, speaker)
        self.clock.switch(CONDITION)
        return result

    def condition(self, memory: np.ndarray, token_index: np.ndarray, place: np.ndarray) -> np.ndarray:
        """See Backend."""
        self.clock.switch(CONDITION)
        return self.inner.condition(memory, token_index, place)

    def init_state(self) -> Any:
        """See Backend."""
        return self.inner.init_state()

    def step(self, condition: np.ndarray, previous: np.ndarray, state: Any) -> Density:
        """See Backend."""
        self.clock.switch(STEP)
        return self.inner.step(condition, previous, state)

    def init_vocoder_state(self) -> Any:
        """See Backend."""
        return self.inner.init_vocoder_state()

    def vocode(self, mel: np.ndarray, mel_now: np.ndarray, state: Any) -> SpectrumFrames:
        """See Backend."""
        self.clock.switch(VOCODE)
        result = self.inner.vocode(mel, mel_now, state)
        self.clock.switch(SYNTHESIS)
        return result


def with_clock(tts: TTS) -> tuple[TTS, StageClock]:
    """The same voice with a clock around its parts; the networks are shared."""
    clock = StageClock()
    timed = TTS(tts.voice, TimedBackend(tts.backend, clock))
    timed.speakers = tts.speakers
    timed.front_end = TimedFrontEnd(tts.front_end, clock)
    return timed, clock

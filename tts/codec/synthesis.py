"""Sound from the vocoder's parameters, as a stream and without torch; the twin of source_filter.py, whose equation it follows.

Parameters go in frame by frame in blocks of any size, samples come out as soon as no later frame can change them, and the blocks
change nothing in the result. Letters: T frames, N samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts.codec.config import MAX_HARMONIC_HZ, VocoderConfig

AHEAD = 2  # frames of F0 that a frame of the source needs after its own
MIN_FRAMES = 3  # of an utterance


@dataclass(frozen=True)
class SpectrumFrames:
    """Parameters of the spectrum, T frames, as in source_filter.SourceFilter but without a batch.

    Attributes:
        f0: (T,) Hz.
        log_harmonic: (T, n_bins) natural-log amplitude of the harmonic source.
        harmonic_phase: (T, n_bins) radians.
        log_noise: (T, n_bins) natural-log amplitude of the noise.
        log_free: (T, n_bins) natural-log amplitude of the free branch.
        free_phase: (T, n_bins) radians.
    """

    f0: np.ndarray
    log_harmonic: np.ndarray
    harmonic_phase: np.ndarray
    log_noise: np.ndarray
    log_free: np.ndarray
    free_phase: np.ndarray

    def __getitem__(self, frames: slice) -> SpectrumFrames:
        """Some of the frames."""
        return SpectrumFrames(*(array[frames] for array in self.arrays()))

    def arrays(self) -> list[np.ndarray]:
        """All arrays, F0 first."""
        return [self.f0, self.log_harmonic, self.harmonic_phase, self.log_noise, self.log_free, self.free_phase]


class SynthesisStream:
    """Turns the parameters of one utterance into samples."""

    def __init__(self, config: VocoderConfig, rng: np.random.Generator) -> None:
        """Start at sample 0.

        Args:
            config: sample rate, n_fft and hop.
            rng: of the noise.
        """
        self.config, self.rng = config, rng
        half = config.n_fft // 2
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.n_fft) / config.n_fft)).astype(np.float32)
        self._pulses = np.zeros(half, np.float32)  # from half a window before the next frame on
        self._overlap = np.zeros(config.n_fft, np.float32)  # from half a window before the next frame on
        self._waiting: list[np.ndarray] = []  # parameters of frames whose source is not complete
        self._f0: np.ndarray = np.zeros(0)  # last frame, whose pulses wait for the next value
        self._cycles: float | None = None
        self._n_frames = 0

    def push(self, frames: SpectrumFrames) -> np.ndarray:
        """Take the next frames; returns the samples that are finished, (N,) float32."""
        arrays = frames.arrays()
        self._waiting = [np.concatenate(pair) for pair in zip(self._waiting, arrays, strict=True)] if self._waiting else arrays
        values = np.concatenate((self._f0, frames.f0.astype(np.float64)))
        self._add_pulses(values[:-1], values[1:])
        self._f0 = values[-1:]
        return self._emit(len(self._waiting[0]) - AHEAD)

    def finish(self) -> np.ndarray:
        """End the utterance, which must have had MIN_FRAMES; returns the samples that are left."""
        assert self._waiting and self._n_frames + len(self._waiting[0]) >= MIN_FRAMES, "an utterance this short has no middle"
        self._add_pulses(self._f0, self._f0)
        hop = self.config.hop_length
        self._pulses = np.concatenate((self._pulses, np.zeros(self.config.n_fft, np.float32)))
        parts = [self._emit(len(self._waiting[0]))]
        tail = self._overlap[: self.config.n_fft // 2] / np.float32(1.5)
        tail[-hop:] *= 1.5 / (1.5 - self.window[:hop] ** 2)
        return np.concatenate((*parts, tail))

    def _add_pulses(self, f0: np.ndarray, following: np.ndarray) -> None:
        """Lengthen the pulse train by one hop per frame; between frames F0 is linear."""
        if not len(f0):
            return
        hop = self.config.hop_length
        frequency = (f0[:, None] + (following - f0)[:, None] * (np.arange(hop) / hop)).ravel()
        steps = frequency / self.config.sample_rate
        start = -steps[0] if self._cycles is None else self._cycles
        cycles = start + np.cumsum(steps)
        self._cycles = float(cycles[-1])
        phase = 2 * np.pi * (cycles - np.floor(cycles))
        order = np.floor(MAX_HARMONIC_HZ / frequency) + 0.5
        half = 2 * np.sin(phase / 2)
        near_peak = np.abs(half) <= 2e-3
        ratio = np.sin(order * phase) / np.where(near_peak, 1.0, half)
        pulses = np.where(near_peak, order, ratio) - 0.5
        self._pulses = np.concatenate((self._pulses, pulses.astype(np.float32)))

    def _emit(self, count: int) -> np.ndarray:
        """Synthesise the first `count` waiting frames."""
        if count <= 0:
            return np.zeros(0, np.float32)
        config, hop, n_fft = self.config, self.config.hop_length, self.config.n_fft
        _, *maps = (array[:count] for array in self._waiting)
        self._waiting = [array[count:] for array in self._waiting]
        spans = np.lib.stride_tricks.sliding_window_view(self._pulses, n_fft)[::hop][:count]
        source = np.fft.rfft(spans * self.window, axis=1).astype(np.complex64) / np.float32(n_fft / 4)
        self._pulses = self._pulses[count * hop :]
        noise = self.rng.standard_normal((count, config.n_bins, 2), dtype=np.float32) * np.float32(0.5**0.5)
        samples = np.fft.irfft(_spectrum(source, noise, *maps), n_fft, axis=1).astype(np.float32) * self.window
        total = np.concatenate((self._overlap, np.zeros((count - 1) * hop, np.float32)))
        for index, frame in enumerate(samples):
            total[index * hop : index * hop + n_fft] += frame
        done, self._overlap = total[: count * hop], np.concatenate((total[count * hop :], np.zeros(hop, np.float32)))
        done = done / np.float32(1.5)  # the sum of the squared windows
        return self._without_lead(done, count)

    def _without_lead(self, done: np.ndarray, count: int) -> np.ndarray:
        """Drop the half window before sample 0 and correct the first hop, which one window less covers."""
        hop, lead = self.config.hop_length, self.config.n_fft // 2
        first = lead // hop - self._n_frames  # index, in this block, of the hop that begins at sample 0
        self._n_frames += count
        if first < 0:
            return done
        if first < count:
            done[first * hop : (first + 1) * hop] *= 1.5 / (1.5 - self.window[-hop:] ** 2)
        return done[max(0, first) * hop :]


def _spectrum(
    source: np.ndarray,
    noise: np.ndarray,
    log_harmonic: np.ndarray,
    harmonic_phase: np.ndarray,
    log_noise: np.ndarray,
    log_free: np.ndarray,
    free_phase: np.ndarray,
) -> np.ndarray:
    """Complex spectrum (T, n_bins) of the three branches."""
    harmonic, free = np.exp(log_harmonic), np.exp(log_free)
    hiss = noise * np.exp(log_noise)[..., None]
    turn = np.empty(source.shape, np.complex64)
    turn.real, turn.imag = harmonic * np.cos(harmonic_phase), harmonic * np.sin(harmonic_phase)
    spectrum = source * turn
    spectrum.real += hiss[..., 0] + free * np.cos(free_phase)
    spectrum.imag += hiss[..., 1] + free * np.sin(free_phase)
    return spectrum

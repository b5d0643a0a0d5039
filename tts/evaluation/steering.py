"""What steering does to speech: attributes measured on the audio, the calibration of directions by them, and dose-response.

Attributes are measured as in tts/training/prosody.py, but on what was spoken: F0 by a tracker, power, the centre of the spectrum,
phones per second. Letters: N samples, T frames, F mel bands, n texts, D doses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tts.errors import InputError
from tts.inference.engine import TTS
from tts.inference.sampling import SamplingConfig
from tts.inference.speech import Speech
from tts.inference.steering import PITCH, RATE, Steering
from tts.models.steering import Directions
from tts.text.durations import expand_durations
from tts.text.frontend import Utterance
from tts.text.manner import DIRECTIONS

CALIBRATION_DOSES = -3.0, -2.0, -1.0, 1.0, 2.0, 3.0  # of pitch; of the others the middle ones
MEASURED_DOSES = -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0
WINDOW, HOP = 1024, 256  # samples
ACTIVE_DB = 30.0  # below the loudest frame
LEAST_RESPONSE = 0.05  # of what was asked for; under it a direction does nothing


@dataclass(frozen=True)
class Dose:
    """One text, spoken at one dose of one direction.

    Attributes:
        direction: that was steered along.
        dose: in its units.
        text: number of the text.
        attributes: (4,) as `measure_speech`.
    """

    direction: str
    dose: float
    text: int
    attributes: np.ndarray


@dataclass(frozen=True)
class Response:
    """What a direction did, over texts.

    Attributes:
        direction: that was steered along.
        doses: (D,).
        changes: (D, 4) of all attributes against dose 0, in their units, means over texts.
        spearman_pooled: rank correlation of dose and attribute over all texts and doses.
        spearman_text: the same within each text, mean over texts.
        spearman_mean: the same of the means over texts.
    """

    direction: str
    doses: list[float]
    changes: list[list[float]]
    spearman_pooled: float
    spearman_text: float
    spearman_mean: float


def measure_sound(audio: np.ndarray) -> tuple[float, float, int]:
    """Energy in dB, brightness in octaves, and samples from the first to the last loud frame, of audio (N,)."""
    padded = np.pad(audio, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.square(frames).mean(1)
    level = 10 * np.log10(power + 1e-12)
    active = np.flatnonzero(level > level.max() - ACTIVE_DB)
    spectrum = np.abs(np.fft.rfft(frames[active], axis=1))
    centre = (spectrum * np.arange(spectrum.shape[1])).sum(1) / np.maximum(spectrum.sum(1), 1e-9)
    brightness = float(np.log2(np.maximum(centre, 1e-9)).mean())
    return float(10 * np.log10(power[active].mean())), brightness, int(active[-1] - active[0] + 1) * HOP


def measure_speech(speech: Speech, n_phones: int) -> np.ndarray:
    """Pitch in semitones, energy in dB, brightness in octaves, log phones per second, (4,); nan where nothing is voiced."""
    from tts.audio.pitch import track_f0

    f0 = track_f0(speech.audio, speech.sample_rate, HOP)
    energy, brightness, n_active = measure_sound(speech.audio)
    pitch = 12 * np.log2(np.median(f0[f0 > 0])) if (f0 > 0).sum() > 5 else np.nan
    return np.array([pitch, energy, brightness, np.log(n_phones * speech.sample_rate / n_active)])


def calibrate(tts: TTS, directions: Directions, texts: list[str]) -> Directions:
    """Measure on a voice's own speech what its directions lack, and make up for it.

    First the semitones that the vocoder's F0 lacks at every dose of pitch; then what energy and brightness change of each
    other, and pitch of them, whose inverse are the gains.

    Args:
        tts: the voice.
        directions: learned for it.
        texts: one sentence each.

    Raises:
        InputError: the voice does not go where it is steered.
    """
    plain = [_say(tts.steered_by(None), text, seed) for seed, text in enumerate(texts)]
    steered = tts.steered_by(Steering(directions))
    steady = [_steady_frames(steered, text, said) for text, said in zip(texts, plain, strict=True)]
    doses, missing = np.array(sorted((*CALIBRATION_DOSES, 0.0))), []
    for dose in doses:
        moved = [
            _moved_f0(steered, _say(steered, text, seed, pitch=dose), said, frames) if dose else 0.0
            for seed, (text, said, frames) in enumerate(zip(texts, plain, steady, strict=True))
        ]
        missing.append(dose * directions.facts.units["pitch"] - float(np.mean(moved)))
    directions = directions.calibrated(directions.gains, doses, np.array(missing), len(texts))
    gains = np.linalg.inv(_measure_gains(tts.steered_by(Steering(directions)), plain, texts))
    return directions.calibrated(gains, doses, np.array(missing), len(texts))


def _measure_gains(tts: TTS, plain: list[Speech], texts: list[str]) -> np.ndarray:
    """What one unit of pitch, energy and brightness (columns) changes of each (rows), (3, 3); of pitch 1 and nothing else."""
    assert tts.steering is not None, "a voice that is calibrated can be steered"
    before = np.array([measure_sound(said.audio)[:2] for said in plain])
    units = np.array([tts.steering.units[name] for name in DIRECTIONS[1:RATE]])
    response = np.eye(3)
    for column, name in enumerate(DIRECTIONS[:RATE]):
        slopes = []
        for dose in (-2.0, 2.0):
            after = [measure_sound(_say(tts, text, seed, **{name: dose}).audio)[:2] for seed, text in enumerate(texts)]
            slopes.append((np.array(after) - before).mean(0) / units / dose)
        response[1:, column] = np.mean(slopes, axis=0)
        if name != DIRECTIONS[PITCH] and response[column, column] < LEAST_RESPONSE:
            raise InputError(f"{name}: the voice does not follow; were these features those that it was trained on?")
    return response


def _say(tts: TTS, text: str, seed: int, **steer: float) -> Speech:
    return tts.synthesize(text, SamplingConfig(seed=seed, steer=steer))


def _utterances(tts: TTS, text: str) -> list[Utterance]:
    return [piece for piece in tts.front_end.chunks(text) if isinstance(piece, Utterance)]


def count_phones(tts: TTS, text: str) -> int:
    """Phones of a text."""
    return sum(int((utterance.tokens.word_index >= 0).sum()) for utterance in _utterances(tts, text))


def _steady_frames(tts: TTS, text: str, said: Speech) -> np.ndarray:
    """Places (n,) of the frames of a text's mostly voiced symbols, but for the lowest of its pitches, which are creak."""
    assert tts.steering is not None, "a voice that is calibrated can be steered"
    share, size = tts.steering.directions.voiced_share, tts.voice.config.acoustic.patch_size
    symbols = []
    for utterance in _utterances(tts, text):
        _, durations = tts.time_tokens(utterance, SamplingConfig(seed=0))
        symbols.append(utterance.tokens.ids[expand_durations(durations, size)[0]])
    f0 = vocoder_f0(tts, said.mel)
    voiced = share[np.concatenate(symbols)] > 0.5
    if not voiced.any():
        raise InputError(f"{text!r}: nothing in it is voiced; calibrate with sentences")
    return np.flatnonzero(voiced & (f0 > np.percentile(f0[voiced], 15)))


def _moved_f0(tts: TTS, after: Speech, before: Speech, frames: np.ndarray) -> float:
    """Semitones by which the vocoder's F0 of some frames is higher in one speech than in another, the median."""
    ratio = vocoder_f0(tts, after.mel)[frames] / vocoder_f0(tts, before.mel)[frames]
    return float(np.median(12 * np.log2(ratio)))


def vocoder_f0(tts: TTS, mel: np.ndarray) -> np.ndarray:
    """F0 (T,) in Hz that a voice's vocoder finds in natural-log mel (T, F), all at once."""
    ahead = tts.voice.config.vocoder.lookahead
    padded = np.concatenate((np.repeat(mel[:1], ahead, axis=0), mel, np.repeat(mel[-1:], ahead, axis=0)))
    found = tts.backend.vocode(padded[ahead:], padded[: len(padded) - ahead], tts.backend.init_vocoder_state()).f0
    return found[ahead:]


def speak_doses(tts: TTS, texts: list[str], directions: tuple[str, ...] = DIRECTIONS) -> Iterator[Dose]:
    """Speak texts at all doses of all directions, each with a seed of its own, and measure them.

    Raises:
        InputError: the voice cannot be steered.
    """
    for index, text in enumerate(texts):
        n_phones = count_phones(tts, text)
        for direction in directions:
            for dose in MEASURED_DOSES:
                said = _say(tts, text, index, **{direction: dose})
                yield Dose(direction, dose, index, measure_speech(said, n_phones))


def summarize_doses(doses: list[Dose], units: dict[str, float]) -> list[Response]:
    """What each direction did; see Response."""
    scale = np.array([units[name] for name in DIRECTIONS])
    responses = []
    for direction in dict.fromkeys(dose.direction for dose in doses):
        own = [dose for dose in doses if dose.direction == direction]
        table = np.full((max(dose.text for dose in own) + 1, len(MEASURED_DOSES), len(DIRECTIONS)), np.nan)
        for dose in own:
            table[dose.text, MEASURED_DOSES.index(dose.dose)] = dose.attributes
        steered = table[..., DIRECTIONS.index(direction)]
        changes = np.nanmean(table - table[:, [MEASURED_DOSES.index(0)]], axis=0) / scale
        responses.append(
            Response(
                direction=direction,
                doses=list(MEASURED_DOSES),
                changes=changes.round(3).tolist(),
                spearman_pooled=_spearman(np.tile(MEASURED_DOSES, (len(steered), 1)), steered),
                spearman_text=float(np.mean([_spearman(np.array(MEASURED_DOSES), row) for row in steered])),
                spearman_mean=_spearman(np.array(MEASURED_DOSES), np.nanmean(steered, axis=0)),
            )
        )
    return responses


def _spearman(doses: np.ndarray, values: np.ndarray) -> float:
    """Rank correlation, what could not be measured left aside."""
    from scipy.stats import spearmanr

    known = ~np.isnan(values)
    return float(spearmanr(doses[known], values[known]).statistic)

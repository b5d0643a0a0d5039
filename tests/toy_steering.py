"""Directions with shapes that are plain to see, and features of a speaker whose prosody is known."""

import json

import numpy as np

from tts.models.steering import Directions, SteeringFacts
from tts.text.symbols import DEFAULT_SYMBOLS

UNITS = {"pitch": 1.5, "energy": 3.0, "brightness": 0.3, "rate": 0.2}
N_BANDS = 20


def bumps(places: np.ndarray, n_bands: int = N_BANDS) -> np.ndarray:
    """Frames (n, n_bands) with one bump each."""
    return np.exp(-0.5 * np.square(np.arange(n_bands) - places[:, None])).astype(np.float32)


def toy_directions(n_symbols: int = len(DEFAULT_SYMBOLS), n_bands: int = N_BANDS) -> Directions:
    """A pitch of s semitones is a bump at band 6 + s; energy lifts all bands, brightness tilts them."""
    levels = np.arange(-6, 6.5, 0.5)
    inner = np.arange(4, 21)
    templates = bumps(6 + levels, n_bands)
    share = np.ones(n_symbols)
    share[DEFAULT_SYMBOLS.silence_ids] = -1
    stretch = np.ones(n_symbols)
    stretch[[1, 2]] = 0
    own = templates[inner]
    tilt = np.linspace(-0.3, 0.3, n_bands)
    return Directions(
        levels=levels,
        templates=templates,
        inner=inner,
        level_weights=np.concatenate((20 * own, np.zeros((1, n_bands)))),
        level_bias=np.append(-10 * np.square(own).sum(1), -10.0),
        level_offset=np.zeros(n_bands),
        voiced_share=share,
        voiced=np.stack((np.full(n_bands, 0.2), tilt)),
        unvoiced=np.stack((np.full(n_bands, 0.1), 2 * tilt)),
        stretch=stretch,
        gains=np.eye(3),
        f0_doses=np.array([-3.0, 0.0, 3.0]),
        f0_missing=np.array([-2.0, 0.0, 2.0]),
        facts=SteeringFacts(units=UNITS, mel={"sample_rate": 24_000, "n_mels": n_bands}, seed=0, n_utterances=3),
    )


def write_prosody(folder, n_utterances: int = 60, n_words: int = 8, centre: float = -4.0):
    """Aligned features (20 bands) of words of three phones, each with its own pitch, energy and rate; returns its path."""
    rng = np.random.default_rng(0)
    phones = np.array([DEFAULT_SYMBOLS.encode(letter).ids[1] for letter in "aioul"])
    own_mel = rng.normal(centre, 0.3, (len(DEFAULT_SYMBOLS), N_BANDS))
    mels, f0s, tokens, durations, rows = [], [], [], [], []
    for index in range(n_utterances):
        words = rng.normal(size=(n_words, 3))  # semitones / 2, nepers / 3, log rate / 5
        first = sum(map(len, mels)), sum(map(len, tokens))
        for word, (pitch, energy, rate) in enumerate(words):
            ids = [*rng.choice(phones, 3), *([2] if word == n_words - 1 else [])]
            if not word:
                ids = [1, *ids]
            for place, symbol in enumerate(ids):
                n_frames = max(2, round(8 * np.exp(-0.2 * rate))) if symbol > 2 else 4
                shape = bumps(np.full(n_frames, 8 + 2 * pitch)) if symbol > 2 else np.zeros((n_frames, N_BANDS))
                noise = rng.normal(0, 0.05, (n_frames, N_BANDS))
                mels.append((own_mel[symbol] + shape + (energy / 3 if symbol > 2 else -6) + noise).astype(np.float16))
                f0s.append(np.full(n_frames, 200 * 2 ** (2 * pitch / 12) if symbol > 2 else -200, np.float32))
                inside = place - (not word)
                kind = {0: 1, 1: 0, 2: 2}.get(inside, 0) if symbol > 2 else 0
                tokens.append(np.array([[symbol, 0, kind]], np.int16))
                durations.append(n_frames)
        split, text = ("valid" if index % 10 == 9 else "train"), "Hello there, world."
        row = {"id": str(index), "split": split, "text": text, "waveform": [0, 1]}
        n_frames, n_tokens = sum(map(len, mels)) - first[0], len(tokens) - first[1]
        rows.append(row | {"mel": [first[0], n_frames], "f0": [first[0], n_frames], "tokens": [first[1], n_tokens]})
    folder.mkdir()
    arrays = {"mel": np.concatenate(mels), "f0": np.concatenate(f0s), "tokens": np.concatenate(tokens)}
    for name, array in (arrays | {"waveform": np.zeros(1, np.int16), "durations": np.array(durations, np.int16)}).items():
        np.save(folder / f"{name}.npy", array)
    (folder / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "mel.json").write_text('{"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 20, "floor": 1e-5}')
    (folder / "symbols.json").write_text(DEFAULT_SYMBOLS.to_json())
    return folder

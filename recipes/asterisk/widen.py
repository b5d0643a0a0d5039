"""Give recordings of 16 kHz a band above 8 kHz, so that a voice of 24 kHz can learn from them: a guess, learned from heart.

    python recipes/asterisk/widen.py runs/asterisk/corpus runs/asterisk/wide

The bundled voice says the same prompts, and a small network learns to tell the upper mel bands of its speech from the lower
ones, both in standard deviations of each band, since another microphone has another colour. For each recording the voice's
vocoder speaks the completed mel, and what that has above 7.75 kHz is added to the recording, whose own band stays as it is. All
are brought to the loudness of the bundled voice. Letters: N samples, T frames, F bands.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import librosa
import numpy as np
import soundfile as sf
import torch
from scipy.signal import butter, sosfiltfilt
from torch import Tensor, nn
from torch.nn import functional

from tts import TTS, SamplingConfig
from tts.audio.io import write_audio
from tts.audio.silence import is_silent
from tts.data.clean import set_loudness
from tts.evaluation.copy_synthesis import compute_mel, copy_mel

SPLIT_HZ = 7_750  # from here on the band is a guess
LOUDNESS = -26.0  # LUFS, of the bundled voice
STEPS, BATCH = 1_500, 512
CONTEXT = 2  # frames on each side


def lower_bands(n_mels: int, sample_rate: int) -> int:
    """How many mel bands lie below SPLIT_HZ as a whole."""
    edges = librosa.mel_frequencies(n_mels + 2, fmin=0, fmax=sample_rate / 2, htk=True)
    return int((edges[2:] <= SPLIT_HZ).sum())


def measure(mels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (F,) of the frames that sound."""
    frames = np.concatenate([mel[~is_silent(mel)] for mel in mels])
    return frames.mean(0), frames.std(0) + 1e-3


def with_neighbours(frames: np.ndarray) -> Tensor:
    """Frames (T, F) beside those around them, (T, F * (2 * CONTEXT + 1))."""
    padded = np.pad(frames, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    return torch.from_numpy(np.concatenate([padded[i : i + len(frames)] for i in range(2 * CONTEXT + 1)], axis=1)).float()


class Widener:
    """Tells upper bands from lower ones, in deviations; learned from mels (T, F) of full bandwidth."""

    def __init__(self, mels: list[np.ndarray], n_lower: int) -> None:
        self.n_lower = n_lower
        self.mean, self.std = measure(mels)
        normal = [(mel - self.mean) / self.std for mel in mels]
        inputs = torch.cat([with_neighbours(mel[:, :n_lower]) for mel in normal])
        targets = torch.from_numpy(np.concatenate([mel[:, n_lower:] for mel in normal])).float()
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        self.network = nn.Sequential(
            nn.Linear(inputs.shape[1], 256), nn.GELU(), nn.Linear(256, 256), nn.GELU(), nn.Linear(256, targets.shape[1])
        )
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-3, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        for _ in range(STEPS):
            rows = torch.randint(len(inputs), (BATCH,), generator=generator)
            loss = functional.l1_loss(self.network(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        self.error = float(loss.detach())  # deviations

    @torch.inference_mode()
    def __call__(self, mel: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
        """Replace the upper bands of a recording's mel (T, F); mean and std (F,) are those of all its recordings."""
        n = self.n_lower
        normal = (mel[:, :n] - mean[:n]) / std[:n]
        upper = self.network(with_neighbours(normal)).numpy() * self.std[n:] + self.mean[n:]
        return np.concatenate((mel[:, :n], np.minimum(upper, mel[:, n - 6 : n].max(1, keepdims=True))), axis=1).astype(np.float32)


def add_upper_band(recording: np.ndarray, copy: np.ndarray, sample_rate: int) -> np.ndarray:
    """A recording (N,), and of a copy of it what lies above SPLIT_HZ."""
    filters = butter(10, SPLIT_HZ, "highpass", fs=sample_rate, output="sos")
    copy = np.pad(copy, (0, max(0, len(recording) - len(copy))))[: len(recording)]
    return (recording + sosfiltfilt(filters, copy)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="of fetch.py")
    parser.add_argument("out", type=Path, help="corpus folder that is made")
    args = parser.parse_args()
    torch.set_num_threads(2)
    rows = [json.loads(line) for line in (args.corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    tts = TTS.load("heart")
    rate, config = tts.sample_rate, tts.voice.config.vocoder
    spoken = [tts.synthesize(row["text"], SamplingConfig(seed=0)).audio for row in rows]
    n_lower = lower_bands(config.n_mels, rate)
    widener = Widener([compute_mel(audio, config) for audio in spoken], n_lower)
    print(
        f"{config.n_mels - n_lower} bands of {config.n_mels} are told from the others, off by {widener.error:.2f} deviations",
        flush=True,
    )

    recordings = [_read(args.corpus / row["audio"], rate) for row in rows]
    mels = [compute_mel(recording, config) for recording in recordings]
    mean, std = measure(mels)
    for row, recording, mel in zip(rows, recordings, mels, strict=True):
        copy = copy_mel(tts, widener(mel, mean, std))
        path = (args.out / row["audio"]).with_suffix(".flac")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, add_upper_band(recording, copy, rate), rate)
        row["audio"] = path.relative_to(args.out).as_posix()
    (args.out / "manifest.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )
    shutil.copyfile(args.corpus / "copyright", args.out / "copyright")
    print(f"{args.out}: {len(rows)} recordings")


def _read(path: Path, rate: int) -> np.ndarray:
    audio, own_rate = sf.read(path, dtype="float32")
    return set_loudness(librosa.resample(audio, orig_sr=own_rate, target_sr=rate), rate, LOUDNESS)


if __name__ == "__main__":
    main()

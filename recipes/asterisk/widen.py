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
import torch
from scipy.signal import butter, sosfiltfilt
from torch import Tensor, nn
from torch.nn import functional

from tts import TTS, SamplingConfig
from tts.audio.io import write_audio
from tts.audio.resample import resample
from tts.audio.silence import is_silent
from tts.data.clean import set_loudness
from tts.data.clips import Clip
from tts.data.corpora import open_corpus
from tts.data.recording import mix_down, read_recording
from tts.errors import InputError
from tts.evaluation.copy_synthesis import compute_mel, copy_mel

MAX_SECONDS = 80.0  # of a recording
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


def read_clips(corpus: Path, rate: int) -> tuple[list[Clip], list[np.ndarray]]:
    """The clips of a corpus of any format that can be read, and their recordings, each (N,)."""
    clips, recordings = [], []
    for clip in open_corpus(str(corpus)).clips():
        if clip.fault is None:
            audio, own_rate = read_recording(clip, MAX_SECONDS)
            recordings.append(set_loudness(resample(mix_down(audio), own_rate, rate), rate, LOUDNESS))
            clips.append(clip)
    return clips, recordings


def write_clip(clip: Clip, audio: np.ndarray, rate: int, out: Path) -> dict[str, str]:
    """Write a recording; returns its row of the manifest."""
    path = out / "audio" / f"{clip.id}.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_audio(path, audio, rate)
    row = {"id": clip.id, "audio": path.relative_to(out).as_posix(), "text": clip.text, "split": clip.split}
    return {name: value for name, value in row.items() if value}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "corpus", type=Path, help="recordings of one speaker in any format that `tts prepare` finds out by itself"
    )
    parser.add_argument("out", type=Path, help="corpus folder that is made")
    args = parser.parse_args()
    torch.set_num_threads(2)
    tts = TTS.load("heart")
    rate, config = tts.sample_rate, tts.voice.config.vocoder
    clips, recordings = read_clips(args.corpus, rate)
    spoken = [tts.synthesize(clip.text, SamplingConfig(seed=0)).audio for clip in clips]
    n_lower = lower_bands(config.n_mels, rate)
    widener = Widener([compute_mel(audio, config) for audio in spoken], n_lower)
    told = f"{config.n_mels - n_lower} bands of {config.n_mels} are told from the others"
    print(f"{told}, off by {widener.error:.2f} deviations", flush=True)

    mels = [compute_mel(recording, config) for recording in recordings]
    mean, std = measure(mels)
    rows = []
    for clip, recording, mel in zip(clips, recordings, mels, strict=True):
        copy = copy_mel(tts, widener(mel, mean, std))
        rows.append(write_clip(clip, add_upper_band(recording, copy, rate), rate, args.out))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (args.out / "manifest.jsonl").write_text(lines, encoding="utf-8")
    terms = args.corpus / "copyright"
    if terms.is_file():
        shutil.copyfile(terms, args.out / terms.name)
    print(f"{args.out}: {len(rows)} recordings")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        raise SystemExit(f"widen: {error}") from None

"""The quantisers of a study: made once for each amount of speech, shared by the arms, and measured on held-out speech.

What a quantiser costs by itself, without a model that predicts its codes, is measured by copies: held-out mel frames, and the
same frames after quantisation, through the vocoder. Letters: T frames, F mel bands, Q levels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tts.audio.resample import resample
from tts.checkpoint import make_folder
from tts.config import validate
from tts.data.dataset import FeatureFolder
from tts.evaluation.compare.corpus import frame_rate
from tts.evaluation.compare.judge import load_quality
from tts.evaluation.compare.plan import Arm, Study
from tts.evaluation.compare.store import Stages, key_of
from tts.evaluation.copy_synthesis import copy_mel
from tts.evaluation.listen import LISTEN_RATE, QualityPredictor
from tts.inference.engine import TTS
from tts.models.codebook import write_codebook
from tts.models.quantizer import Quantizer
from tts.models.quantizer_config import QuantizerConfig
from tts.training.codebooks import FitSettings, fit_codebook
from tts.training.loop import train
from tts.training.recipes import QuantizerRecipe, build_task, load_quantizer


def config_of(study: Study, name: str) -> QuantizerConfig:
    """Settings of one of the study's quantisers."""
    return validate(QuantizerConfig, study.quantizers[name].get("model", {}), f"quantizers.{name}.model")


def quantizer_config(study: Study, arm: Arm) -> QuantizerConfig | None:
    """Settings of the quantiser of an arm with a codes head; None for another head."""
    return config_of(study, arm.quantizer) if arm.quantizer else None


def make_quantizer(study: Study, name: str, features: Path, features_key: str, folder: Path) -> dict[str, Any]:
    """Make a quantiser, or a codebook, and measure it; what is finished is not done again.

    Args:
        study: the plan.
        name: of the study's quantizers.
        features: what it learns from.
        features_key: of their contents.
        folder: for its run.

    Returns:
        `key`, `path` (what AcousticRecipe.quantizer takes), `kind`, `codebook_size`, `n_levels`, and the figures of
        `measure_quantizer`.
    """
    config, settings = config_of(study, name), study.quantizers[name]
    key = key_of("quantizer", settings, features_key, study.vocoder, study.test.n_copies)
    path = folder / (f"codebook-{key}.safetensors" if config.kind == "kmeans" else f"run-{key}")

    def work() -> dict[str, Any]:
        make_folder(folder)
        if config.kind == "kmeans":
            fit = FitSettings(config.codebook_size, config.space, config.patch_size)
            write_codebook(path, fit_codebook(features, fit))
        else:
            values = settings | {"features": str(features), "out": str(path)}
            recipe = validate(QuantizerRecipe, values, f"quantizers.{name}")
            list(train(build_task(recipe, "cpu"), recipe.out, recipe.train, lambda batch: batch["mel"].shape[1]))
        quantizer, tts = load_quantizer(path, config.patch_size), TTS.load(study.vocoder)
        figures = measure_quantizer(quantizer, features, tts, load_quality(), study.test.n_copies)
        facts = {"kind": config.kind, "codebook_size": config.codebook_size, "n_levels": quantizer.n_levels}
        return {"key": key, "path": str(path)} | facts | figures

    return Stages(folder).do("quantizer", key, work)


@torch.inference_mode()
def measure_quantizer(
    quantizer: Quantizer, features: Path, tts: TTS, quality: QualityPredictor | None, n_copies: int
) -> dict[str, Any]:
    """Quantise held-out speech and compare what comes back.

    Returns:
        `error`: mean absolute difference of natural-log mel of each utterance, and `frames` of each; `perplexity` of the first
        level's codes; `bits_per_second`; `mos` pairs of copies of the first utterances, without and with quantisation.
    """
    data, size = FeatureFolder(features, "valid"), quantizer.config.patch_size
    indices = np.linspace(0, len(data) - 1, min(n_copies, len(data))).round().astype(int)
    errors, frames, codes, pairs = [], [], [], []
    for index in indices:
        mel = data[int(index)].mel.astype(np.float32)
        mel = mel[: len(mel) // size * size]
        back, found = quantize_mel(quantizer, mel)
        errors.append(float(np.abs(back - mel).mean()))
        frames.append(len(mel))
        codes.append(found[:, 0])
        if quality is not None:
            pairs.append([quality.score(resample(copy_mel(tts, one), tts.sample_rate, LISTEN_RATE)) for one in (mel, back)])
    shares = np.bincount(np.concatenate(codes), minlength=quantizer.codebook_size) / sum(map(len, codes))
    used = shares[shares > 0]
    bits = quantizer.n_levels * np.log2(quantizer.codebook_size) * frame_rate(features) / size
    perplexity = float(np.exp(-(used * np.log(used)).sum()))
    figures = {"error": errors, "frames": frames, "perplexity": perplexity, "bits_per_second": float(bits)}
    return figures | {"mos": [pair for pair in pairs if None not in pair]}


def quantize_mel(quantizer: Quantizer, mel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What comes back of (T, F) natural-log mel frames, T in whole patches, and the codes (P, Q)."""
    frames = (torch.from_numpy(mel) - quantizer.mel_mean) / quantizer.mel_std
    codes = quantizer.encode(frames[None])
    back = quantizer.decode(codes)[0] * quantizer.mel_std + quantizer.mel_mean
    return back.numpy(), codes[0].numpy()

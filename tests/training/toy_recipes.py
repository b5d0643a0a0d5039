"""Small recipes of all kinds, for a features folder of tones."""

from pathlib import Path
from typing import Any

from tts.audio.mel import MelConfig

MEL = MelConfig(n_fft=256, hop_length=64, n_mels=20)

ENCODER = {"width": 16, "n_heads": 2, "hidden": 32, "n_blocks": 1, "n_conv_blocks": 1}
BACKBONE = {"conditioner_blocks": 1, "backbone_blocks": 1, "n_heads": 2, "hidden": 32, "window": 8}
NETWORK = {"n_fft": 256, "hop_length": 64, "width": 16, "hidden": 32, "n_blocks": 2, "kernel_size": 3, "lookahead": 2}
MODELS: dict[str, dict[str, Any]] = {
    "aligner": {"width": 16, "attention_width": 8},
    "vocoder": NETWORK,
    "quantizer": {"kind": "rvq", "patch_size": 2, "codebook_size": 12, "scalar_levels": (4, 3), "n_levels": 2, "latent_dim": 6},
    "acoustic": {"patch_size": 2, "encoder": ENCODER, "head": {"hidden": 16}} | BACKBONE,
}
TASKS: dict[str, dict[str, Any]] = {
    "aligner": {"steps": 6, "batch_frames": 300},
    "vocoder": {"steps": 6, "batch_size": 2, "adversarial_start": 3, "adversarial_batch": 1},
    "quantizer": {"steps": 6, "batch_frames": 300},
    "acoustic": {"steps": 6, "batch_frames": 300, "own_samples_start": 3},
}


def recipe_values(kind: str, features: Path, out: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """Settings of a run that saves and logs every step; `sections` replace single settings."""
    return {
        "features": features,
        "out": out,
        "model": MODELS[kind] | {"n_mels": MEL.n_mels} | sections.get("model", {}),
        "task": TASKS[kind] | sections.get("task", {}),
        "optim": {"warmup_steps": 2} | sections.get("optim", {}),
        "train": {"checkpoint_minutes": 0, "log_every": 1, "validate_every": 4} | sections.get("train", {}),
    }

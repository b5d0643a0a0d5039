"""Runs and voices as something to go on from: `--from` of a training, and the vocoder of `tts package`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from tts.codec.vocoder import Vocoder
    from tts.inference.voices import Voice
    from tts.training.start import Start

VOICE_KINDS = ("acoustic", "vocoder", "aligner")  # models that a voice holds


def read_start(kind: str, source: str | Path) -> Start:
    """Weights to begin a training with.

    Args:
        kind: of the training.
        source: folder of a run, or a voice by name or folder.

    Raises:
        InputError: it is neither, or the voice holds no such model, or none that can be trained.
    """
    from tts.training.recipes import RECIPES, start_of_run

    return start_of_run(Path(source), RECIPES[kind]) if _is_run(source) else _start_of_voice(kind, source)


def read_vocoder(source: str | Path) -> Vocoder:
    """The vocoder of a run or of a voice, in eval mode.

    Raises:
        InputError: it is neither.
    """
    from tts.codec.config import VocoderConfig
    from tts.codec.vocoder import Vocoder
    from tts.training.recipes import load_model

    if _is_run(source) or not _is_voice(source):
        vocoder = load_model("vocoder", Path(source))
        assert isinstance(vocoder, Vocoder)
        return vocoder
    start = _start_of_voice("vocoder", source)
    vocoder = Vocoder(VocoderConfig(**start.model))
    vocoder.load_state_dict(start.weights)
    return vocoder.eval()


def _is_run(source: str | Path) -> bool:
    return (Path(source) / "checkpoint.pt").is_file()


def _is_voice(source: str | Path) -> bool:
    from tts.inference.voices import WEIGHTS_NAME, list_voices

    return str(source) in list_voices() or (Path(source) / WEIGHTS_NAME).is_file()


def _start_of_voice(kind: str, source: str | Path) -> Start:
    from tts.errors import InputError
    from tts.inference.voices import load_voice
    from tts.training.start import Start

    if kind not in VOICE_KINDS:
        raise InputError(f"--from {source}: a voice holds no {kind}; name the folder of a run")
    voice = load_voice(source)
    if voice.config.is_light:
        raise InputError(f"--from {source}: a light voice cannot be trained further; take the one that it was made of")
    tensors = _tensors_of_aligner(voice) if kind == "aligner" else _tensors_of_models(voice)
    prefix = f"{kind}."
    weights = {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}
    model = _settings_of_aligner(weights) if kind == "aligner" else getattr(voice.config, kind).model_dump()
    return Start(str(source), model, weights, symbols=voice.symbols)


def _tensors_of_models(voice: Voice) -> dict[str, Tensor]:
    from tts.checkpoint import load_weights
    from tts.inference.voices import WEIGHTS_NAME

    return load_weights(voice.file(WEIGHTS_NAME))


def _tensors_of_aligner(voice: Voice) -> dict[str, Tensor]:
    """Weights of the aligner's graph, which has nothing else of it.

    Raises:
        InputError: the voice has no aligner.
    """
    import onnx
    import torch

    from tts.errors import InputError
    from tts.inference.packing import STORED_SUFFIX
    from tts.inference.voices import ALIGNER_NAME

    if ALIGNER_NAME not in voice.config.sha256:
        raise InputError(f"--from {voice.folder}: this voice has no aligner; `tts align` without --from trains one from nothing")
    initializers = onnx.load(str(voice.file(ALIGNER_NAME))).graph.initializer
    arrays = {tensor.name.removesuffix(STORED_SUFFIX): onnx.numpy_helper.to_array(tensor) for tensor in initializers}
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


def _settings_of_aligner(weights: dict[str, Tensor]) -> dict[str, int]:
    """Settings of an aligner, as the shapes of its weights tell them."""
    (n_symbols, width), n_mels = weights["embedding.weight"].shape, weights["frames.convs.0.weight"].shape[1]
    return {"n_symbols": n_symbols, "width": width, "n_mels": n_mels, "attention_width": len(weights["text.out.weight"])}

"""From trained models to a voice's graphs (ONNX), which need no torch to run.

Every voice has `encode` (tokens, and who speaks if there are several, to memory and log durations), `condition` (memory and
durations to one condition per patch), `step` (one step of the backbone and the head, keys and values as inputs and outputs) and
`vocode` (mel frames to the parameters of the spectrum, states as inputs and outputs). A voice of codes also has `level_1` ...
(codes so far to the logits of the next level), `decode` (codes to frames) and `quantize` (frames to codes). Sampling, durations
and the inverse STFT stay outside. The weights lie beside the graphs, see packing.py. Letters: S tokens, D width, T frames, P
patches, r frames per patch, F mel bands, L blocks, H heads, W window, E width of a head, C codes, Q levels, K numbers of a
speaker's vector.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.checkpoint import save_weights
from tts.codec.vocoder import Vocoder
from tts.inference.packing import names_of_weights, narrow_weights, point_to_weights, quantize_layers, to_float16, to_int8
from tts.inference.voices import WEIGHTS_NAME
from tts.models.acoustic import AcousticModel
from tts.models.aligner import Aligner
from tts.models.heads import CodesHead
from tts.nn.attention import SelfAttention, rotary_angles
from tts.text.durations import N_PLACE

OPSET = 20  # the first with GELU as one operation


class EncodeGraph(nn.Module):
    """Tokens (1, S, 3), and the speaker's vector (1, K) if there are several, to memory (1, S, D) and log durations (1, S)."""

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.acoustic = model

    def forward(self, tokens: Tensor, speaker: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode."""
        return self.acoustic.encode(tokens, tokens[..., 0] >= 0, speaker)


class ConditionGraph(nn.Module):
    """Memory (1, S, D), token_index (1, T) and place (1, T, N_PLACE) to conditions (1, P, D)."""

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.acoustic = model

    def forward(self, memory: Tensor, token_index: Tensor, place: Tensor) -> Tensor:
        """Condition."""
        patch_mask = token_index[:, :: self.acoustic.config.patch_size] >= 0
        return self.acoustic.condition(memory, token_index, place, patch_mask)


class StepGraph(nn.Module):
    """One step; the caller keeps the ring of keys and values (L, H, W, E) and writes the new ones into slot position % W."""

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.acoustic = model

    def forward(self, condition: Tensor, previous: Tensor, keys: Tensor, values: Tensor, position: Tensor) -> tuple[Tensor, ...]:
        """Step.

        Args:
            condition: (1, D).
            previous: (1, r * F) the last patch, normalised.
            keys: (L, H, W, E).
            values: (L, H, W, E).
            position: int64 (1,) steps gone by.

        Returns:
            The density's parameters, each (1, r, F, ...), then new keys and new values (L, H, 1, E).
        """
        model = self.acoustic
        slot = torch.arange(model.config.window)
        visible = (slot < position) & (slot != position % model.config.window)  # the slot to be overwritten has left the window
        bias = torch.where(visible, 0.0, -1e9)[None, None]
        angles = rotary_angles(position, keys.shape[-1])
        cos = torch.cat((angles.cos(), angles.cos()), dim=-1)
        sin = torch.cat((-angles.sin(), angles.sin()), dim=-1)
        x = condition[:, None] + model.prenet(previous[:, None])  # (1, 1, D)
        new_keys, new_values = [], []
        for block, past_keys, past_values in zip(model.backbone.blocks, keys, values, strict=True):
            mixed, key, value = self.attend(block.attention, block.attention_norm(x), (cos, sin), bias, past_keys, past_values)
            x = x + mixed
            x = x + block.feed_forward(x)
            new_keys.append(key)
            new_values.append(value)
        parameters = model.head.parameters_of(model.backbone.norm(x))
        return *parameters, torch.stack(new_keys), torch.stack(new_values)

    def attend(
        self, layer: SelfAttention, x: Tensor, turn: tuple[Tensor, Tensor], bias: Tensor, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """SelfAttention.step in as few operations as possible, since each costs more than its arithmetic.

        Args:
            layer: the attention.
            x: (1, 1, D).
            turn: cos and signed sin of the rotary angles, each (1, E).
            bias: (1, 1, W) 0 for the visible slots.
            keys: (H, W, E).
            values: (H, W, E).

        Returns:
            The layer's output (1, 1, D), the new key and the new value (H, 1, E).
        """
        n_heads, width = layer.n_heads, keys.shape[-1]
        both, value = layer.qkv(x).view(3 * n_heads, 1, width).split((2 * n_heads, n_heads))
        first, second = both.chunk(2, dim=-1)
        both = both * turn[0] + torch.cat((second, first), dim=-1) * turn[1]
        query, key = both.chunk(2)
        scale = 1 / math.sqrt(width)
        past = query @ keys.transpose(-1, -2) * scale + bias  # (H, 1, W)
        now = (query * key).sum(-1, keepdim=True) * scale
        weights = functional.softmax(torch.cat((past, now), dim=-1), dim=-1)
        to_past, to_now = weights.split((keys.shape[1], 1), dim=-1)
        mixed = to_past @ values + to_now * value
        return layer.out(mixed.view(1, 1, n_heads * width)), key, value


class LevelGraph(nn.Module):
    """What all levels read (1, 1, hidden) and codes so far, int64 (1, 1, q), to the next level's logits (1, 1, C)."""

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.acoustic = model

    @property
    def head(self) -> CodesHead:
        """The model's head."""
        assert isinstance(self.acoustic.head, CodesHead), "only a model of codes has these graphs"
        return self.acoustic.head

    def forward(self, trunk: Tensor, codes: Tensor) -> Tensor:
        """Predict."""
        return self.head.logits_of(trunk, codes)


class DecodeGraph(LevelGraph):
    """Codes, int64 (1, 1, Q), to frames (1, r, F)."""

    def forward(self, codes: Tensor) -> Tensor:  # type: ignore[override]
        """Decode."""
        return self.head.quantizer.decode(codes)


class QuantizeGraph(LevelGraph):
    """Frames (1, r, F) to codes, int64 (1, 1, Q)."""

    def forward(self, frames: Tensor) -> Tensor:  # type: ignore[override]
        """Encode."""
        return self.head.quantizer.encode(frames)


class AlignGraph(nn.Module):
    """Tokens (1, S, 3), natural-log mel (1, T, F) and prior (1, T, S) to an aligner's scores (1, T, S)."""

    def __init__(self, model: Aligner) -> None:
        super().__init__()
        self.aligner = model

    def forward(self, tokens: Tensor, mel: Tensor, prior: Tensor) -> Tensor:
        """Score."""
        return self.aligner(tokens, tokens[..., 0] >= 0, mel, mel[..., 0] < torch.inf, prior)


class VocodeGraph(nn.Module):
    """Mel frames to SourceFilter parameters.

    Inputs: mel (1, T, F) `lookahead` frames ahead, mel_now (1, T, F) of the frames that are given out, and the states (n_blocks,
    context, D). Outputs: the six parameters without a batch, and the new states.
    """

    def __init__(self, model: Vocoder) -> None:
        super().__init__()
        self.vocoder = model

    def forward(self, mel: Tensor, mel_now: Tensor, states: Tensor) -> tuple[Tensor, ...]:
        """Run."""
        past = [state[None].clone() for state in states]
        out = self.vocoder.parameters_of(self.vocoder.step(mel, past), mel_now)
        parts = (out.f0, out.log_harmonic, out.harmonic_phase, out.log_noise, out.log_free, out.free_phase)
        return *(part[0] for part in parts), torch.cat(past)


@dataclass(frozen=True)
class Graph:
    """A graph to export: its module, example inputs by name, names of the outputs, and which axes vary."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: list[str]
    axes: dict[str, dict[int, str]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write NAME.onnx with the weights in it."""
        path = folder / f"{self.name}.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of every shape that it reads
            torch.onnx.export(
                self.module.eval(),
                tuple(self.inputs.values()),
                str(path),
                input_names=list(self.inputs),
                output_names=self.outputs,
                dynamic_axes=self.axes,
                opset_version=OPSET,
                dynamo=False,
                do_constant_folding=False,
            )
        return path


def export_graphs(
    acoustic: AcousticModel, vocoder: Vocoder, folder: Path, int8: Collection[str] = (), *, is_light: bool = False
) -> None:
    """Write `model.safetensors` and the graphs beside it.

    Args:
        acoustic: trained model; its weights are rounded to float16.
        vocoder: trained model; likewise.
        folder: of the voice; must exist.
        int8: names of the graphs whose linear layers run in int8; these carry their own weights.
        is_light: keep only the weights that graphs point to, and those in int8.
    """
    for model in (acoustic, vocoder):  # small tensors stay in the graphs: they shall be the same numbers as in the weights file
        model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    tensors = {f"acoustic.{name}": value for name, value in acoustic.state_dict().items()}
    tensors |= {f"vocoder.{name}": value for name, value in vocoder.state_dict().items()}
    paths = {
        graph.name: graph.write(folder)
        for graph in (*_acoustic_graphs(acoustic), *_code_graphs(acoustic), _vocoder_graph(vocoder))
    }
    for name in paths.keys() & set(int8):
        quantize_layers(paths[name])
    pointing = [path for name, path in paths.items() if name not in int8]
    if is_light:
        used = names_of_weights(pointing) | {"acoustic.mel_mean", "acoustic.mel_std"}
        tensors = {name: value for name, value in tensors.items() if name in used}
    save_weights(folder / WEIGHTS_NAME, to_int8(tensors) if is_light else to_float16(tensors))
    for path in pointing:
        point_to_weights(path, folder / WEIGHTS_NAME)


def export_aligner(aligner: Aligner, path: Path) -> None:
    """Write an aligner as one graph with its weights in it, float16.

    Args:
        aligner: trained model.
        path: of the graph, NAME.onnx.
    """
    inputs = {
        "tokens": torch.ones(1, 7, 3, dtype=torch.int64),
        "mel": torch.zeros(1, 20, aligner.config.n_mels),
        "prior": torch.zeros(1, 20, 7),
    }
    varying = {"tokens": {1: "S"}, "mel": {1: "T"}, "prior": {1: "T", 2: "S"}}
    Graph(path.stem, AlignGraph(aligner), inputs, ["scores"], varying).write(path.parent)
    narrow_weights(path)


def _acoustic_graphs(model: AcousticModel) -> list[Graph]:
    config, width = model.config, model.config.encoder.width
    texts = {"tokens": torch.ones(1, 7, 3, dtype=torch.int64)}
    if config.speakers is not None:
        texts["speaker"] = torch.zeros(1, config.speakers.dim)
    index = torch.arange(7).repeat_interleave(2 * config.patch_size)[None]
    frames = {"memory": torch.zeros(1, 7, width), "token_index": index, "place": torch.zeros(1, index.shape[1], N_PLACE)}
    ring = torch.zeros(config.backbone_blocks, config.n_heads, config.window, width // config.n_heads)
    step = {
        "condition": torch.zeros(1, width),
        "previous": torch.zeros(1, config.patch_size * config.n_mels),
        "keys": ring,
        "values": ring.clone(),
        "position": torch.tensor([3]),
    }
    parameters = [f"parameter_{i}" for i in range(len(model.head.parameters_of(torch.zeros(1, 1, width))))]
    varying = {"memory": {1: "S"}, "token_index": {1: "T"}, "place": {1: "T"}}
    return [
        Graph("encode", EncodeGraph(model), texts, ["memory", "log_durations"], {"tokens": {1: "S"}}),
        Graph("condition", ConditionGraph(model), frames, ["conditions"], varying),
        Graph("step", StepGraph(model), step, [*parameters, "new_keys", "new_values"]),
    ]


def _code_graphs(model: AcousticModel) -> list[Graph]:
    config = model.config
    if config.quantizer is None:
        return []
    n_levels = config.quantizer.n_levels
    trunk, codes = torch.zeros(1, 1, config.head.hidden), torch.zeros(1, 1, n_levels, dtype=torch.int64)
    levels = [
        Graph(f"level_{level}", LevelGraph(model), {"trunk": trunk, "codes": codes[..., :level]}, ["logits"])
        for level in range(1, n_levels)
    ]
    frames = torch.zeros(1, config.patch_size, config.n_mels)
    return [
        *levels,
        Graph("decode", DecodeGraph(model), {"codes": codes}, ["frames"]),
        Graph("quantize", QuantizeGraph(model), {"frames": frames}, ["codes"]),
    ]


def _vocoder_graph(model: Vocoder) -> Graph:
    config = model.config
    mel = torch.zeros(1, 16, config.n_mels)
    states = torch.zeros(config.n_blocks, config.kernel_size - 1, config.width)
    outputs = ["f0", "log_harmonic", "harmonic_phase", "log_noise", "log_free", "free_phase", "new_states"]
    inputs = {"mel": mel, "mel_now": mel.clone(), "states": states}
    return Graph("vocode", VocodeGraph(model), inputs, outputs, {"mel": {1: "T"}, "mel_now": {1: "T"}})

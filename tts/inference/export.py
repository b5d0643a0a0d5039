"""From trained models to a voice's graphs (ONNX), which need no torch to run.

Every voice has `encode` (tokens to memory and log durations), `condition` (memory and durations to one condition per patch),
`step` (one step of the backbone and the head, keys and values as inputs and outputs) and `vocode` (mel frames to the parameters
of the spectrum, states as inputs and outputs). A voice of codes also has `level_1` ... (codes so far to the logits of the next
level), `decode` (codes to frames) and `quantize` (frames to codes). Sampling, durations and the inverse STFT stay outside. The
graphs hold hardly any weights: their initializers, but for the small ones, point into the voice's `model.safetensors`, as float16
that is cast when the graph is loaded, so that there is one copy of the weights; a graph in int8 carries its own. Letters:
S tokens, D width, T frames, P patches, r frames per patch, F mel bands, L blocks, H heads, W window, E width of a head, C codes,
Q levels.
"""

from __future__ import annotations

import json
import logging
import math
import struct
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from tts.checkpoint import save_weights
from tts.codec.vocoder import Vocoder
from tts.inference.voices import WEIGHTS_NAME
from tts.models.acoustic import AcousticModel
from tts.models.heads import CodesHead
from tts.nn.attention import SelfAttention, rotary_angles
from tts.text.durations import N_PLACE

OPSET = 20  # the first with GELU as one operation
MIN_EXTERNAL_BYTES = 256


class EncodeGraph(nn.Module):
    """Tokens (1, S, 3) to memory (1, S, D) and log durations (1, S)."""

    def __init__(self, model: AcousticModel) -> None:
        super().__init__()
        self.acoustic = model

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Encode."""
        return self.acoustic.encode(tokens, tokens[..., 0] >= 0)


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


def export_graphs(acoustic: AcousticModel, vocoder: Vocoder, folder: Path, int8: Collection[str] = ()) -> None:
    """Write `model.safetensors` (float16) and the graphs beside it.

    Args:
        acoustic: trained model; its weights are rounded to float16.
        vocoder: trained model; likewise.
        folder: of the voice; must exist.
        int8: names of the graphs whose linear layers run in int8; these carry their own weights.
    """
    for model in (acoustic, vocoder):  # small tensors stay in the graphs: they shall be the same numbers as in the weights file
        model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    tensors = {f"acoustic.{name}": value for name, value in acoustic.state_dict().items()}
    tensors |= {f"vocoder.{name}": value for name, value in vocoder.state_dict().items()}
    save_weights(folder / WEIGHTS_NAME, {name: value.half() for name, value in tensors.items()})
    for graph in (*_acoustic_graphs(acoustic), *_code_graphs(acoustic), _vocoder_graph(vocoder)):
        path = graph.write(folder)
        _point_to_weights(path, folder / WEIGHTS_NAME)
        if graph.name in int8:
            _quantize(path)


def _acoustic_graphs(model: AcousticModel) -> list[Graph]:
    config, width = model.config, model.config.encoder.width
    tokens = torch.ones(1, 7, 3, dtype=torch.int64)
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
        Graph("encode", EncodeGraph(model), {"tokens": tokens}, ["memory", "log_durations"], {"tokens": {1: "S"}}),
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


def _quantize(graph: Path) -> None:
    """Turn a graph's linear layers to int8: weights per output channel, inputs by their range at every call.

    F0 and the envelope stay in float32: their errors are heard, and they cost nothing.
    """
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(plain)  # with the weights in it
        onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        spared = [node.name for node in onnx.load(str(plain)).graph.node if _is_spared(node)]
        logging.getLogger().addFilter(_is_no_advice)
        try:
            quantize_dynamic(
                plain,
                graph,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=spared,
                extra_options={"MatMulConstBOnly": True},
            )
        finally:
            logging.getLogger().removeFilter(_is_no_advice)


def _is_spared(node: onnx.NodeProto) -> bool:
    return node.op_type == "MatMul" and node.name in ("/f0_head/MatMul", "/MatMul")


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def _point_to_weights(graph: Path, weights: Path) -> None:
    """Replace a graph's weights by references into the safetensors file, cast to float32."""
    model = onnx.load(str(graph))
    offsets = _offsets(weights)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name not in offsets or len(tensor.raw_data) < MIN_EXTERNAL_BYTES:
            continue
        start, length = offsets[tensor.name]
        name = tensor.name
        tensor.ClearField("raw_data")
        tensor.data_type = onnx.TensorProto.FLOAT16
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", start), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
        tensor.name = f"{name}.half"
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    graph.write_bytes(model.SerializeToString())


def _offsets(weights: Path) -> dict[str, tuple[int, int]]:
    """Place and length in bytes of every tensor of a safetensors file."""
    with weights.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    spans = {name: row["data_offsets"] for name, row in header.items()}
    return {name: (8 + size + start, end - start) for name, (start, end) in spans.items()}

"""How a voice's weights are kept, and how its graphs find them.

There is one copy of each: the larger initializers of a graph point into the voice's `model.safetensors`, where they are float16
or, in a light voice, int8 with a scale for every output channel; they are widened when the graph is loaded. A graph whose linear
layers run in int8 carries its own weights.
"""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor

from tts.checkpoint import load_weights

MIN_EXTERNAL_BYTES = 256
STORED_SUFFIX = ".stored"  # of the names of weights that are narrower than what the graph computes with
SCALE_SUFFIX = ".scale"  # of the names of the scales beside int8 weights
MAX_INT8 = 127


def to_float16(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as float16."""
    return {name: value.half() for name, value in tensors.items()}


def to_int8(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices and kernels as int8 with a float32 scale for each of their rows; the rest as float16.

    Rows lie along the first axis that is longer than 1: the output channels of a layer, or the entries of a codebook.
    """
    kept: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.ndim < 2 or 4 * value.numel() < MIN_EXTERNAL_BYTES:
            kept[name] = value.half()
            continue
        axis = next((axis for axis, size in enumerate(value.shape) if size > 1), 0)
        others = [other for other in range(value.ndim) if other != axis]
        scale = value.abs().amax(dim=others, keepdim=True).clamp(min=1e-12) / MAX_INT8
        kept |= {name: (value / scale).round().to(torch.int8), name + SCALE_SUFFIX: scale}
    return kept


def names_of_weights(graphs: Iterable[Path]) -> set[str]:
    """Names of all initializers of graphs."""
    return {tensor.name for graph in graphs for tensor in onnx.load(str(graph)).graph.initializer}


def point_to_weights(graph: Path, weights: Path) -> None:
    """Replace a graph's larger weights by references into the safetensors file, widened to float32."""
    model, spans, tensors = onnx.load(str(graph)), _spans(weights), load_weights(weights)
    widening: list[NodeProto] = []
    for initializer in list(model.graph.initializer):
        name = initializer.name
        if name not in spans or len(initializer.raw_data) < MIN_EXTERNAL_BYTES:
            continue
        is_int8 = tensors[name].dtype == torch.int8
        _refer(initializer, weights.name, spans[name], TensorProto.INT8 if is_int8 else TensorProto.FLOAT16)
        wide = f"{name}.wide" if is_int8 else name
        widening.append(helper.make_node("Cast", [initializer.name], [wide], to=TensorProto.FLOAT))
        if is_int8:
            scale = name + SCALE_SUFFIX
            model.graph.initializer.append(numpy_helper.from_array(tensors[scale].numpy(), scale))
            widening.append(helper.make_node("Mul", [wide, scale], [name]))
    _write_widened(graph, model, widening)


def narrow_weights(graph: Path) -> None:
    """Keep a graph's larger float weights in it as float16, widened to float32 when it is loaded."""
    model = onnx.load(str(graph))
    widening: list[NodeProto] = []
    for initializer in model.graph.initializer:
        if initializer.data_type != TensorProto.FLOAT or len(initializer.raw_data) < MIN_EXTERNAL_BYTES:
            continue
        name = initializer.name
        values = numpy_helper.to_array(initializer)
        initializer.CopyFrom(numpy_helper.from_array(values.astype("float16"), name + STORED_SUFFIX))
        widening.append(helper.make_node("Cast", [name + STORED_SUFFIX], [name], to=TensorProto.FLOAT))
    _write_widened(graph, model, widening)


def _write_widened(graph: Path, model: ModelProto, widening: list[NodeProto]) -> None:
    """Write a graph, nodes that widen its weights before all others."""
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(widening + nodes)
    graph.write_bytes(model.SerializeToString())


def _refer(initializer: TensorProto, file: str, span: tuple[int, int], data_type: int) -> None:
    """Let an initializer lie in a file, at an offset and with a length in bytes; it gets another name."""
    initializer.ClearField("raw_data")
    initializer.name += STORED_SUFFIX
    initializer.data_type, initializer.data_location = data_type, TensorProto.EXTERNAL
    for key, value in (("location", file), ("offset", span[0]), ("length", span[1])):
        initializer.external_data.add(key=key, value=str(value))


def _spans(weights: Path) -> dict[str, tuple[int, int]]:
    """Place and length in bytes of every tensor of a safetensors file."""
    with weights.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    offsets = {name: row["data_offsets"] for name, row in header.items()}
    return {name: (8 + size + start, end - start) for name, (start, end) in offsets.items()}


def quantize_layers(graph: Path) -> None:
    """Let a graph's linear layers run in int8: weights per output channel, inputs by their range at every call.

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


def _is_spared(node: NodeProto) -> bool:
    return node.op_type == "MatMul" and node.name in ("/f0_head/MatMul", "/MatMul")


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()

"""A model of two towers in ONNX that a test can make: it knows three colours, as words and as pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = ["[PAD]", "[UNK]", "red", "green", "blue"]
SIDE = 8


def write_models(folder: Path, *, dimensions: int = 6, seed: int = 1) -> Path:
    """The folder, with the two towers of `clip` in it; another seed gives other weights."""
    colours = np.random.default_rng(seed).standard_normal((3, dimensions)).astype(np.float32)
    _write_text_tower(folder / "clip-ViT-B-32-text", colours)
    _write_image_tower(folder / "clip-ViT-B-32-vision", colours)
    return folder


def _write_text_tower(folder: Path, colours: NDArray[np.float32]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = np.concatenate([np.full((2, colours.shape[1]), 0.01, dtype=np.float32), colours])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"], axis=0),
        helper.make_node("ReduceSum", ["words", "axes"], ["text_embeds"], keepdims=0),
    ]
    axes = numpy_helper.from_array(np.array([1], dtype=np.int64), "axes")
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
    weights = [numpy_helper.from_array(table, "table"), axes]
    _save(folder, nodes, inputs, "text_embeds", colours.shape[1], weights)
    tokenizer = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", {"model_max_length": 77, "pad_token": "[PAD]"})
    _write_json(folder / "config.json", {"pad_token_id": 0})


def _write_image_tower(folder: Path, colours: NDArray[np.float32]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "colours"], ["image_embeds"]),
    ]
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])]
    _save(
        folder, nodes, inputs, "image_embeds", colours.shape[1], [numpy_helper.from_array(colours, "colours")]
    )
    processor = {
        "image_processor_type": "CLIPImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": SIDE},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": SIDE,
        "do_rescale": True,
        "do_normalize": False,
    }
    _write_json(folder / "preprocessor_config.json", processor)


def _save(
    folder: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    output: str,
    dimensions: int,
    weights: list[onnx.TensorProto],
) -> None:
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", dimensions])]
    graph = helper.make_graph(nodes, output, inputs, outputs, initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def _write_json(file: Path, value: object) -> None:
    file.write_text(json.dumps(value))

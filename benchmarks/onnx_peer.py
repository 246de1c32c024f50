"""The numbers of the workload as an ONNX graph: clip, log1p, Float32."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from benchmarks.criteo import INTS


@lru_cache(maxsize=1)
def session() -> Any:
    """A session on one thread: ``x`` (rows, 13) of int64 to ``y`` of float32.

    ONNX has no log1p: 1 is added to an integer of Float64, where no bit is lost below 2**53.
    """
    import onnxruntime
    from onnx import TensorProto, checker, helper

    nodes = [
        helper.make_node("Cast", ["x"], ["real"], to=TensorProto.DOUBLE),
        helper.make_node("Max", ["real", "zero"], ["clipped"]),
        helper.make_node("Add", ["clipped", "one"], ["above"]),
        helper.make_node("Log", ["above"], ["log"]),
        helper.make_node("Cast", ["log"], ["y"], to=TensorProto.FLOAT),
    ]
    constants = [
        helper.make_tensor("zero", TensorProto.DOUBLE, [], [0.0]),
        helper.make_tensor("one", TensorProto.DOUBLE, [], [1.0]),
    ]
    shape = [None, len(INTS)]
    graph = helper.make_graph(
        nodes,
        "criteo_numbers",
        [helper.make_tensor_value_info("x", TensorProto.INT64, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

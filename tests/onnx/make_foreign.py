"""Write tests/onnx/foreign.onnx: a model by the reference library, with elements of every type, in
raw data and in the lists of the format, and what Gradus itself does not write.

    python3 tests/onnx/make_foreign.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VALUES = {
    "float32": [1.5, -2.0, 1e30],
    "float64": [1.5, -2.0, 1e300],
    "float16": [1.5, -2.0, 65504.0],
    "int8": [1, -2, 127],
    "uint8": [1, 2, 255],
    "int16": [1, -2, 32767],
    "uint16": [1, 2, 65535],
    "int32": [1, -2, 2**31 - 1],
    "uint32": [1, 2, 2**32 - 1],
    "int64": [1, -2, 2**62],
    "bool": [True, False, True],
}


def main() -> None:
    weights = []
    for name, values in VALUES.items():
        array = np.array(values, dtype=name)
        number = helper.mapping.NP_TYPE_TO_TENSOR_TYPE[array.dtype]
        weights.append(numpy_helper.from_array(array, f"raw_{name}"))
        weights.append(helper.make_tensor(f"list_{name}", number, [3, 1], array))
    weights.append(helper.make_tensor("list_bfloat16", TensorProto.BFLOAT16, [2], [1.5, -2.0]))
    weights.append(helper.make_tensor("raw_bfloat16", TensorProto.BFLOAT16, [2],
                                      bytes([0xC0, 0x3F, 0x00, 0xC0]), raw=True))
    weights.append(helper.make_tensor("none", TensorProto.FLOAT, [0, 4], []))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", None, 3])
    label = helper.make_tensor_value_info("label", TensorProto.STRING, [])
    bias = helper.make_tensor_value_info("raw_float32", TensorProto.FLOAT, [3])
    states = helper.make_tensor_sequence_value_info("states", TensorProto.FLOAT, None)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT16, ["batch", 3])
    nodes = [
        helper.make_node("Add", ["x", "raw_float32"], ["a"]),
        helper.make_node("Add", ["a", "raw_float32"], ["b"]),
        helper.make_node("Gelu", ["b"], ["c"], domain="com.example"),
        helper.make_node("Cast", ["c"], ["y"], to=TensorProto.FLOAT16),
    ]
    graph = helper.make_graph(nodes, "foreign", [x, label, states, bias], [y], weights)
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("com.example", 1)]
    model = helper.make_model(graph, producer_name="a script", opset_imports=opsets)
    model.ir_version = 7
    helper.set_model_props(model, {"author": "nobody"})
    onnx.save(model, str(Path(__file__).with_name("foreign.onnx")))


if __name__ == "__main__":
    main()

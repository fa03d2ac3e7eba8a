"""Has ONNX itself check the exported cases of a folder: check.py FOLDER"""
import json
import pathlib
import sys

import onnx

folder = pathlib.Path(sys.argv[1])
failed = 0
cases = json.loads((folder / "manifest.json").read_text())
for case in cases:
    try:
        model = onnx.load(str(folder / (case["file"] + ".onnx")))
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        assert model.ir_version == 8 and model.opset_import[0].version == 17
        assert all(each.HasField("raw_data") for each in model.graph.initializer)
        dim = model.graph.input[0].type.tensor_type.shape.dim[0]
        assert dim.dim_param == "N", "the batch is no dim of its own"
    except Exception as error:  # whatever onnx throws is a failed case
        print(f"FAILED {case['name']}: {error}")
        failed += 1
print(f"onnx {onnx.__version__} checked {len(cases)} files, {failed} failed")
sys.exit(1 if failed or not cases else 0)

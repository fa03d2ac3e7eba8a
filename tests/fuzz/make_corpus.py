"""Write tests/fuzz/corpus: what the fuzz targets begin with, and config.dict. From the top of the
repository, with the schema that the build writes:

    python3 tests/fuzz/make_corpus.py build/release/config.schema.json

Images and arrays are those of tests/golden/data; the rest is made here. The first bytes of some
inputs choose what the target does with the rest: see the head of each.
"""

import gzip
import io
import json
import re
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden/data"
Json = Any
Inputs = Iterator[Tuple[str, bytes]]


def golden(name: str) -> Json:
    return json.loads((GOLDEN / name).read_text())


def png() -> Inputs:
    for each in golden("images.json")["files"]:
        if each["name"].startswith("png_") and len(each["bytes"]) < 400:
            yield each["name"], bytes.fromhex(each["bytes"])


def jpeg() -> Inputs:
    images = golden("images.json")
    for each in images["files"]:
        if each["name"].startswith("jpeg_"):
            yield each["name"], bytes.fromhex(each["bytes"])
    yield "jpeg_cmyk", bytes.fromhex(images["refused"][0]["bytes"])


def npy() -> Inputs:
    for number, each in enumerate(golden("npy.json")["files"][::4]):
        yield f"{number}.npy", bytes.fromhex(each["hex"])


def npz() -> Inputs:
    arrays = [data for _, data in npy()]
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for number in range(3):
                info = zipfile.ZipInfo(f"x{number}.npy", (1980, 1, 1, 0, 0, 0))
                info.compress_type = method
                archive.writestr(info, arrays[number])
        yield name, out.getvalue()
    out = io.BytesIO()
    zipfile.ZipFile(out, "w").close()
    yield "empty", out.getvalue()


def idx() -> Inputs:
    plain = bytes([0, 0, 8, 2]) + struct.pack(">II", 2, 3) + bytes(range(6))
    images = bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 2, 2) + bytes(range(8))
    yield "plain", b"\0" + plain
    yield "labels", b"\2" + bytes([0, 0, 8, 1]) + struct.pack(">I", 4) + bytes(4)
    yield "gzipped", b"\0" + gzip.compress(images, mtime=0)
    yield "gzipped_by_the_target", b"\7" + images
    yield "no_elements", b"\0" + bytes([0, 0, 8, 1]) + bytes(4)


def cifar10() -> Inputs:
    yield "one_record", b"\1" + b"\7" + bytes(30)
    yield "two_records", b"\2" + b"\1" * 64
    yield "too_short", b"\5" + bytes(64)
    yield "too_many", b"\x40" + bytes(64)


def csv() -> Inputs:
    table = golden("table.json")["tables"][0]["train"].encode()
    head = b"\n".join(table.split(b"\n")[:14]) + b"\n"
    quoted = b'x,"y, z",y\r\n1,"a ""b""",no\r\n2.5e3,"two\r\nlines",yes\r\n-3,,no\r\n'
    labels = b"".join(b"%d,%d,%s\n" % (i, i * i % 7, b"ab"[i % 2:][:1]) for i in range(12))
    for form in range(3):
        body = gzip.compress(head, mtime=0) if form == 2 else head
        yield f"table_{form}", bytes([form, 5, 8, 0]) + body
    yield "quoted", bytes([0, 5, 8, 2]) + quoted
    yield "labels", bytes([0, 6, 1, 0]) + labels
    yield "binary", bytes([0, 4, 3, 0]) + labels
    yield "test_file", bytes([64, 4, 1, 4]) + labels
    yield "target_file", bytes([128, 5, 8 + 2, 0]) + head
    yield "semicolons", bytes([0, 1 + 16, 2, 1]) + b"y;x\n1;2\n3;4\n5;6\n7;8\n"


def header_of(tensors: Json) -> bytes:
    return json.dumps(tensors, separators=(",", ":")).encode()


def safetensors() -> Inputs:
    entry = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    other = {"dtype": "I64", "shape": [], "data_offsets": [24, 32]}
    empty = {"dtype": "BF16", "shape": [0, 4], "data_offsets": [32, 32]}
    header = header_of({"__metadata__": {"format": "pt"}, "a": entry, "b": other, "c": empty})
    yield "header", bytes([1, 32, 0]) + header
    yield "bools", bytes([1, 3, 0]) + header_of(
        {"m": {"dtype": "BOOL", "shape": [3], "data_offsets": [0, 3]}})
    yield "file", b"\0" + struct.pack("<Q", len(header)) + header + bytes(32)
    yield "golden", b"\0" + (HERE.parent / "golden/mlp_small.safetensors").read_bytes()


def checkpoint() -> Inputs:
    loop = {"step": 7, "epoch": 1, "batch": 3, "generator": {"seed": 1, "draws": 9},
            "epoch_loss": {"total": 1.5, "weight": 192},
            "schedule": {"type": "step", "epoch": 1, "best": 0.5},
            "early_stopping": {"best": 0.25, "waited": 2}, "best": {"best": 0.25}}
    whole = {"format": 1, "loop": loop, "config": {"epochs": 3}, "classes": ["a", "b"]}
    yield "whole", b"\1" + header_of(whole)
    yield "no_loop", b"\1" + header_of({"format": 1, "config": {}})
    yield "newer", b"\1" + header_of({"format": 2})
    yield "weights", b"\0" + (HERE.parent / "golden/mlp_small.safetensors").read_bytes()


def onnx() -> Inputs:
    # A model y = a * x, field by field: a tag is its number times 8, and 2 where a length follows.
    def field(number: int, content: Any) -> bytes:
        if isinstance(content, int):
            return bytes([number * 8, content])
        content = content if isinstance(content, bytes) else content.encode()
        size = len(content)
        length = [size] if size < 128 else [128 + size % 128, size // 128]
        return bytes([number * 8 + 2, *length]) + content

    def value(name: str) -> bytes:
        shape = field(1, field(2, "N")) + field(1, field(1, 3))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    raw = field(1, 2) + field(2, 1) + field(8, "a") + field(9, struct.pack("<2f", 1, 2))
    listed = field(1, 3) + field(2, 10) + field(5, bytes([1, 2, 3])) + field(8, "b")
    node = field(1, "x") + field(1, "a") + field(2, "y") + field(3, "n") + field(4, "Mul")
    graph = (field(1, node) + field(2, "g") + field(5, raw) + field(5, listed)
             + field(11, value("x")) + field(12, value("y")))
    opset = field(8, field(1, "") + field(2, 17))
    facts = field(2, "by hand") + field(14, field(1, "key") + field(2, "text"))
    yield "no_graph", field(1, 8) + facts + opset
    yield "by_hand", field(1, 8) + facts + field(7, graph) + opset
    yield "foreign", (HERE.parent / "onnx/foreign.onnx").read_bytes()


def sample(schema: Json, definitions: Json, required: List[str]) -> Json:
    """An object with the default of each option, and something for those that have none."""
    result: Dict[str, Json] = {}
    for key, option in schema["properties"].items():
        if "const" in option:
            result[key] = option["const"]
        elif "default" in option:
            result[key] = option["default"]
        elif key in required:
            result[key] = value(option)
    return result


def value(option: Json) -> Json:
    for choice in ("anyOf", "allOf", "oneOf"):
        if choice in option:
            return value(option[choice][0])
    if "enum" in option:
        return option["enum"][0]
    kind = option.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [value(option["items"])] * option.get("minItems", 1)
    return {"string": "text", "boolean": True, "integer": 2, "number": 0.5, "object": {}}[kind]


def config(schema: Json) -> Inputs:
    """As many configs as the largest registry has components; each takes the next of every kind."""
    kinds = {kind: [sample(each, schema["definitions"], each.get("required", []))
                    for each in definition["oneOf"]]
             for kind, definition in schema["definitions"].items()}
    run = {key: option["default"] for key, option in schema["properties"].items()
           if "default" in option}
    count = max(len(kinds[kind]) for kind in ("dataset", "optimizer", "schedule", "loss"))
    for number in range(count):
        def take(kind: str) -> Json:
            return dict(kinds[kind][number % len(kinds[kind])])
        whole = {"dataset": take("dataset"), "model": take("model"), "loss": take("loss"),
                 "optimizer": take("optimizer"), "schedule": take("schedule"), **run}
        whole["dataset"]["transforms"] = [take("transform")]
        whole["metrics"] = [take("metric")]
        whole["init"] = [{"parameters": "*.weight", **take("initializer")}]
        yield f"components_{number}", json.dumps(whole).encode()
    for number in range(0, len(kinds["layer"]), 6):
        layers = kinds["layer"][number:number + 6]
        whole = {"dataset": {"type": "moons"}, "model": {"type": "sequential", "layers": layers},
                 "loss": {"type": "mse"}, "optimizer": {"type": "sgd"}}
        yield f"layers_{number}", json.dumps(whole).encode()
    for name in ("graph", "mlp"):
        yield f"{name}.json", (HERE.parents[1] / f"models/{name}.json").read_bytes()
    yield "comments", (b'// a change\n{"epochs": 3, /* more */ "ema": {"decay": 0.9},\n'
                       b'"freeze": ["0.*"], "early_stopping": null, "checkpoint": {"keep": 1}}\n')


def words(schema: Json) -> List[str]:
    """The keys and names of configs."""
    found = set()

    def walk(part: Json) -> None:
        if isinstance(part, list):
            for each in part:
                walk(each)
        elif isinstance(part, dict):
            found.update(part.get("properties", {}))
            found.update(each for each in part.get("enum", []) if isinstance(each, str))
            if isinstance(part.get("const"), str):
                found.add(part["const"])
            for each in part.values():
                walk(each)

    walk(schema)
    return sorted(found - {"$schema"})


def main() -> None:
    schema = json.loads(Path(sys.argv[1]).read_text())
    targets = {"png": png(), "jpeg": jpeg(), "npy": npy(), "npz": npz(), "idx": idx(),
               "cifar10": cifar10(), "csv": csv(), "safetensors": safetensors(),
               "checkpoint": checkpoint(), "onnx": onnx(), "config": config(schema)}
    for target, inputs in targets.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if not re.fullmatch("[0-9a-f]{40}", old.name):  # those are of libFuzzer
                old.unlink()
        for name, data in inputs:
            (folder / name).write_bytes(data)
    lines = [f'"\\"{word}\\""\n' for word in words(schema)]
    (HERE / "config.dict").write_text("# by make_corpus.py\n" + "".join(lines))


if __name__ == "__main__":
    main()

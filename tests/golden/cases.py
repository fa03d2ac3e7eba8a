"""What the golden scripts share: numbers that any language can draw, JSON, cases of ops.

A tensor is written as {"shape": [...], "values": [row-major], "dtype": "int64"}; without "dtype"
it is float64. Numbers have as many digits as it takes to read the same double back, but float32
results have nine. Drawn numbers come from one linear congruential generator, see Lcg. Values that
JSON has no number for are the strings "nan", "inf" and "-inf".
"""

import json
import math
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple, Union

import torch
from torch import Tensor

HERE = Path(__file__).resolve().parent
ABOUT = f"made by make_golden.py with PyTorch {torch.__version__} (Debian's python3-torch)"

Json = Any
Shape = Tuple[int, ...]


class Lcg:
    """Numbers that any language can draw again bit for bit."""

    def __init__(self, state: int = 1) -> None:
        self.state = state

    def bits(self) -> int:
        """The next 24 random bits."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 40

    def uniform(self, shape: Sequence[int], bound: float) -> Tensor:
        """A float32 tensor in [-bound, bound), drawn in double and then rounded."""
        values = [(2 * (self.bits() / 2**24) - 1) * bound for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float64).reshape(*shape).to(torch.float32)


def dump(value: Json, depth: int) -> str:
    """Compact JSON, with the outer `depth` levels one entry a line. Refuses inf and nan."""
    if depth == 0 or not isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {dump(item, depth - 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(entries) + "\n}"
    return "[\n" + ",\n".join(dump(item, depth - 1) for item in value) + "\n]"


def write_json(name: str, value: Json, depth: int) -> None:
    """Writes the file `name` of this folder."""
    (HERE / name).write_text(dump(value, depth) + "\n", encoding="ascii")


def nine_digits(value: float) -> float:
    return float(f"{value:.9g}")


def as_json(tensor: Tensor) -> Json:
    values = tensor.detach().flatten().tolist()
    if tensor.dtype == torch.float32:
        values = [nine_digits(value) for value in values]
    if tensor.is_floating_point():
        values = [value if math.isfinite(value) else str(value) for value in values]
    result: Dict[str, Json] = {"shape": list(tensor.shape), "values": values}
    if tensor.dtype in (torch.int64, torch.bool):
        result["dtype"] = str(tensor.dtype).split(".")[1]
    return result


class OpCases:
    """Collects cases. A case's numbers depend on its name alone, not on the cases before it."""

    def __init__(self, ops: Dict[str, Callable[..., Tensor]]) -> None:
        self.ops = ops
        self.cases: List[Json] = []

    def add(self, name: str, *inputs: Union[Shape, Tensor], positive: Sequence[int] = (),
            **attrs: Json) -> None:
        """One case of the op that `name` starts with.

        An input is a tensor, or the shape of one to draw (positive if its place is in `positive`).
        Tensors among `attrs` are written too; one that the op changes as NAME_after as well.
        """
        lcg = Lcg(zlib.crc32(name.encode()))
        tensors = [item.clone() if isinstance(item, Tensor) else draw(lcg, item, i in positive)
                   for i, item in enumerate(inputs)]
        for tensor in tensors:
            tensor.requires_grad_(tensor.is_floating_point())
        written = {key: as_json(item) if isinstance(item, Tensor) else item
                   for key, item in attrs.items()}
        op = name.split("/")[0]
        output = self.ops[op](*tensors, **attrs)
        for key, item in attrs.items():
            if isinstance(item, Tensor) and as_json(item) != written[key]:
                written[key + "_after"] = as_json(item)
        grad_output = None
        if output.requires_grad:
            grad_output = draw(lcg, output.shape, False)
            output.backward(grad_output)
        self.cases.append({
            "name": name, "op": op, "inputs": [as_json(tensor) for tensor in tensors],
            "attrs": written, "output": as_json(output),
            "grad_output": None if grad_output is None else as_json(grad_output),
            "grads": [None if t.grad is None else as_json(t.grad) for t in tensors],
        })


def draw(lcg: Lcg, shape: Sequence[int], positive: bool) -> Tensor:
    """Multiples of 1/256, so exact in float32, of magnitude 1/4 to 2."""
    values = []
    for _ in range(math.prod(shape)):
        bits = lcg.bits()
        sign = 1 if positive or bits % 2 == 0 else -1
        values.append(sign * (64 + (bits >> 1) % 449) / 256)
    return torch.tensor(values, dtype=torch.float64).reshape(tuple(shape))


def doubles(*values: Json) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)

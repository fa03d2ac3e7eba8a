"""How PyTorch prints: tensors and their texts.

The texts name dtypes as Gradus does: "dtype=float64", not "dtype=torch.float64"; lines break where
they would with the shorter name.
"""

import inspect
from typing import Any, Callable, List, Sequence

import torch
import torch._tensor_str as tensor_str

from cases import ABOUT, Json, Lcg, as_json, write_json

Values = Sequence[Any]


def printer() -> Callable[[torch.Tensor], str]:
    """PyTorch's own, with the name of a dtype cut to its last part."""
    source = inspect.getsource(tensor_str._str_intern)
    scope = dict(vars(tensor_str))
    exec(source.replace("str(self.dtype)", "str(self.dtype)[6:]"), scope)
    return scope["_str_intern"]


TEXT_OF = printer()
DTYPES = ("bool", "uint8", "int64", "bfloat16", "float32", "float64")
NAN, INF = float("nan"), float("inf")


def case(dtype: str, shape: Sequence[int], values: Values, requires_grad: bool = False) -> Json:
    tensor = torch.tensor(values, dtype=getattr(torch, dtype)).reshape(tuple(shape))
    tensor.requires_grad_(requires_grad)
    result = {"dtype": dtype, "shape": list(shape),
              "values": [v if v == v and abs(v) != INF else str(v) for v in values],
              "text": TEXT_OF(tensor)}
    if requires_grad:
        result["requires_grad"] = True
    return result


def range_case(dtype: str, shape: Sequence[int], start: Any, step: Any) -> Json:
    """As case(), of start, start + step, ...; only those two are written."""
    count = 1
    for size in shape:
        count *= size
    result = case(dtype, shape, [start + i * step for i in range(count)])
    result["values"] = {"start": start, "step": step}
    return result


def number_cases() -> List[Json]:
    numbers = [
        [0.0], [-0.0], [1.0], [-1.0], [0.5], [31.0], [1.0, 2.0], [-1.0, 2.5], [0.1, 100.25],
        [1.0, 1000.0], [1.0, 1001.0], [1.5, 1500.0], [1.5, 1501.5], [1e8], [1.5e8], [2e8], [1e-4],
        [9.9e-5], [1e-5, 1.0], [0.0, 1e-5], [0.0, 0.0], [0.0, -0.0, 1.0], [1e38, 1.0], [1e-38],
        [NAN], [INF], [-INF], [NAN, 1.0], [1.0, INF], [0.5, -INF], [1e9, NAN, -INF], [0.0, NAN],
        [0.0, INF, -INF], [123456.0], [123456.5], [99999.99999], [0.00012, 0.1], [-0.99999],
        [12345678.0, -1.0], [100000000.0, 100000.0], [1e20], [3.14159265, 2.71828],
    ]
    cases = [case(dtype, [len(values)], values)
             for values in numbers for dtype in ("float32", "float64")]
    cases += [case("bfloat16", [len(values)], values) for values in numbers[:20]]
    cases += [case("float64", [2], values) for values in ([1e300, 1.0], [5e-324, 1.0], [1e100] * 2)]
    whole = [[0], [7], [-7], [1, -20, 300], [2**53 + 1], [2**63 - 1, -(2**63)], [1000000]]
    cases += [case("int64", [len(values)], values) for values in whole]
    cases += [case("uint8", [3], [0, 7, 255]), case("bool", [2], [True, False]),
              case("bool", [1], [True])]
    return cases


def shape_cases() -> List[Json]:
    cases = []
    for dtype in DTYPES:
        cases.append(case(dtype, [], [1]))
        cases.append(case(dtype, [2, 3], [0, 1, 0, 1, 1, 0]))
        for shape in ([0], [2, 0], [0, 3, 1]):
            cases.append(case(dtype, shape, []))
    lcg = Lcg(7)
    for shape in ([2, 2, 3], [1, 1, 1, 1], [2, 1, 2, 2], [3, 1], [13], [5, 15], [40]):
        values = lcg.uniform(shape, 3).double()
        cases.append(case("float32", shape, values.flatten().tolist()))
        rounded = (values * 10).round()
        cases.append(case("float64", shape, rounded.flatten().tolist()))
        cases.append(case("int64", shape, rounded.long().flatten().tolist()))
        cases.append(case("bool", shape, (values > 0).flatten().tolist()))
    return cases


def long_cases() -> List[Json]:
    cases = [range_case("int64", shape, -5, 3) for shape in
             ([1000], [1001], [7, 143], [7, 144], [2, 501], [500, 2], [4, 5, 60], [1001, 1],
              [8, 1, 2, 100], [7, 7, 7, 7], [3, 2, 2, 200])]
    cases += [range_case("float32", [1200], 0.5, 0.25), range_case("float64", [40, 30], -1.0, 1.0),
              range_case("float32", [1001], 0.0, 1.0), range_case("bfloat16", [2000], 0.0, 0.0),
              range_case("uint8", [100], 0, 1), range_case("int64", [100], 2**60, 2**40)]
    return cases


def suffix_cases() -> List[Json]:
    cases = []
    for count in range(1, 30):  # the suffix moves to a line of its own somewhere
        cases.append(range_case("float64", [count], 0.0, 1.0))
        cases.append(case("float64", [count], [1.0] * count, requires_grad=True))
    cases.append(case("float32", [2, 2], [1.0, 2.0, 3.0, 4.0], requires_grad=True))
    cases.append(case("bfloat16", [3], [1.0, 2.0, 3.5], requires_grad=True))
    cases.append(case("float64", [0, 3], [], requires_grad=True))
    return cases


def write_printing() -> None:
    cases = number_cases() + shape_cases() + long_cases() + suffix_cases()
    write_json("printing.json", {"about": ABOUT, "cases": cases}, depth=2)

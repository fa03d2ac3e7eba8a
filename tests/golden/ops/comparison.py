"""Comparison and logic."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
LOGIC = ("logical_and", "logical_or", "logical_xor")
BITWISE = ("bitwise_and", "bitwise_or", "bitwise_xor")
TESTS = ("isnan", "isinf", "isfinite", "signbit", "logical_not")
OPS: Dict[str, Callable[..., Tensor]] = {
    name: getattr(torch, name)
    for name in COMPARISONS + LOGIC + BITWISE + TESTS + ("bitwise_not", "isclose")
}
INF = float("inf")
NAN = float("nan")


def add(cases: OpCases) -> None:
    for op in COMPARISONS + LOGIC:
        cases.add(f"{op}/floats", doubles([0.0, 1.0, -2.0, 0.5], [NAN, INF, 3.0, 0.0]),
                  doubles([0.0, 2.0, -2.0, 0.0], [1.0, INF, NAN, -0.0]))
        cases.add(f"{op}/broadcast", doubles([1.0], [2.0]), doubles(0.0, 1.0, 2.0))
        cases.add(f"{op}/integers", torch.tensor([0, 5, -5, 2**62]),
                  torch.tensor([0, 4, 5, 2**62 + 1]))
        cases.add(f"{op}/bool", torch.tensor([[True], [False]]), torch.tensor([True, False]))
    for op in BITWISE:
        cases.add(f"{op}/integers", torch.tensor([[6], [-7]]), torch.tensor([3, -2**62, 0]))
        cases.add(f"{op}/bool", torch.tensor([[True], [False]]), torch.tensor([True, False]))
        cases.add(f"{op}/mixed", torch.tensor([True, False]), torch.tensor([6, 7]))
    cases.add("bitwise_not/integers", torch.tensor([0, -1, 5]))
    cases.add("bitwise_not/bool", torch.tensor([True, False]))
    for op in TESTS:
        cases.add(f"{op}/floats", doubles(-1.0, -0.0, 0.0, 0.5, INF, -INF, NAN))
        cases.add(f"{op}/integers", torch.tensor([-3, 0, 2]))
        cases.add(f"{op}/bool", torch.tensor([True, False]))
    with_infinities = doubles(1.0, 100.0, INF, INF, NAN), doubles(1.0 + 2**-20, 101.0, INF, -INF, NAN)
    cases.add("isclose/default", *with_infinities)
    cases.add("isclose/nan", *with_infinities, equal_nan=True)
    cases.add("isclose/rtol", doubles([1.0], [2.0]), doubles(1.125, 2.5, 3.0), rtol=0.25)
    cases.add("isclose/atol", doubles([1.0], [2.0]), doubles(1.125, 2.5, 3.0), atol=0.5)
    cases.add("isclose/integers", torch.tensor([10, -10]), torch.tensor([11, 10]), rtol=0.125)

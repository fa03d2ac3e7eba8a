"""Tensors made of numbers; float64, int64 and bool."""

from typing import Any, Callable, Dict

import torch
from torch import Tensor

from cases import OpCases


def make(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(**attrs: Any) -> Tensor:
        if "dtype" in attrs:
            attrs["dtype"] = getattr(torch, attrs["dtype"])
        return function(**attrs)
    return call


OPS: Dict[str, Callable[..., Tensor]] = {
    "arange": make(torch.arange),
    "linspace": make(torch.linspace),
    "logspace": make(torch.logspace),
    "eye": make(torch.eye),
    "full": make(lambda size, value, dtype: torch.full(size, value, dtype=dtype)),
    "tril_indices": make(torch.tril_indices),
    "triu_indices": make(torch.triu_indices),
}


def add(cases: OpCases) -> None:
    for dtype in ("int64", "float64"):
        cases.add(f"arange/{dtype}", start=-2, end=7, step=3, dtype=dtype)
        cases.add(f"arange/{dtype}_down", start=5, end=-1, step=-2, dtype=dtype)
        cases.add(f"arange/{dtype}_none", start=3, end=3, step=1, dtype=dtype)
        cases.add(f"linspace/{dtype}", start=-1, end=10, steps=7, dtype=dtype)
        cases.add(f"linspace/{dtype}_one", start=3, end=10, steps=1, dtype=dtype)
        cases.add(f"logspace/{dtype}", start=0, end=2, steps=5, dtype=dtype)
        cases.add(f"eye/{dtype}", n=2, m=3, dtype=dtype)
        cases.add(f"full/{dtype}", size=[2, 1], value=-3, dtype=dtype)
    cases.add("arange/exact", start=2**53 + 1, end=2**53 + 4, step=1, dtype="int64")
    cases.add("arange/fractions", start=0.1, end=2.05, step=0.39, dtype="float64")
    cases.add("arange/cut", start=0.9, end=7.9, step=2.5, dtype="int64")
    cases.add("linspace/down", start=2.5, end=-1.25, steps=6, dtype="float64")
    cases.add("linspace/none", start=0, end=1, steps=0, dtype="float64")
    cases.add("logspace/base2", start=-1, end=3.5, steps=4, base=2.0, dtype="float64")
    cases.add("eye/square", n=3, dtype="bool")
    cases.add("eye/high", n=3, m=1, dtype="float64")
    cases.add("full/exact", size=[2], value=2**62 + 1, dtype="int64")
    cases.add("full/cut", size=[1], value=-2.75, dtype="int64")
    cases.add("full/true", size=[], value=0.5, dtype="bool")
    for op in ("tril_indices", "triu_indices"):
        cases.add(f"{op}/square", row=3, col=3)
        cases.add(f"{op}/above", row=3, col=4, offset=2)
        cases.add(f"{op}/below", row=4, col=2, offset=-1)
        cases.add(f"{op}/none", row=2, col=0)

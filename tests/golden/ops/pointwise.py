"""Powers, logarithms, roots and rounding."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


NAMES = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal",
         "floor", "ceil", "trunc", "round", "frac")
OPS: Dict[str, Callable[..., Tensor]] = {name: getattr(torch, name) for name in NAMES}
POSITIVE = ("log", "log2", "log10", "log1p", "sqrt", "rsqrt")
INF = float("inf")
NAN = float("nan")


def add(cases: OpCases) -> None:
    for op in NAMES:
        positive = [0] if op in POSITIVE else []
        cases.add(f"{op}/matrix", (3, 4), positive=positive)
        cases.add(f"{op}/scalar", (), positive=positive)
    for op in ("exp", "exp2", "expm1"):
        cases.add(f"{op}/extremes", doubles(-INF, -1e4, -800.0, 0.0, 1e4, INF, NAN))
    cases.add("expm1/small", doubles(-1e-10, -1e-4, 1e-7, 1e-3))
    for op in POSITIVE:
        cases.add(f"{op}/extremes", doubles(-2.0, 0.0, 1e-12, 1e4, 1e12, INF, NAN))
    cases.add("log1p/small", doubles(-1.0, -1e-10, -1e-4, 1e-7, 1e-3))
    cases.add("reciprocal/extremes", doubles(0.0, -0.0, 1e4, INF, NAN))
    for op in ("floor", "ceil", "trunc", "round"):
        cases.add(f"{op}/halves", doubles(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.0, 3.0))
        cases.add(f"{op}/extremes", doubles(-INF, -1e10, 1e10, INF, NAN))
        cases.add(f"{op}/integers", torch.tensor([[3, -4], [0, 2**62]]))
    cases.add("frac/signs", doubles(-2.75, -1.0, -0.25, 0.0, 0.25, 1.0, 2.75))
    cases.add("round/decimals", doubles(-2.625, 1.375, 0.125, 7.0, 0.3125), decimals=2)
    cases.add("round/tens", doubles(-25.0, 15.0, 149.0, 3.0, 35.5), decimals=-1)

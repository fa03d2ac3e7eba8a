"""Trigonometric and hyperbolic functions."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


NAMES = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh",
         "deg2rad", "rad2deg")
OPS: Dict[str, Callable[..., Tensor]] = {name: getattr(torch, name) for name in NAMES}
INF = float("inf")
NAN = float("nan")


def add(cases: OpCases) -> None:
    for op in NAMES:
        if op in ("asin", "acos", "atanh"):
            cases.add(f"{op}/matrix", doubles([-0.875, -0.25, 0.0], [0.125, 0.5, 0.75]))
            cases.add(f"{op}/scalar", doubles(0.625)[0])
        elif op == "acosh":
            cases.add(f"{op}/matrix", doubles([1.125, 1.5, 2.0], [3.25, 10.0, 1e4]))
            cases.add(f"{op}/scalar", doubles(1.75)[0])
        else:
            cases.add(f"{op}/matrix", (3, 4))
            cases.add(f"{op}/scalar", ())
    for op in ("sin", "cos", "tan", "deg2rad", "rad2deg"):
        cases.add(f"{op}/extremes", doubles(-1e4, -100.0, 0.0, 30.0, 1e4, INF, NAN))
    for op in ("atan", "asinh"):
        cases.add(f"{op}/extremes", doubles(-INF, -1e4, -1e-5, 0.0, 1e-5, 1e4, INF, NAN))
    for op in ("sinh", "cosh"):
        cases.add(f"{op}/extremes", doubles(-INF, -1e4, -1e-5, 0.0, 1e-5, 1e4, INF, NAN))
    for op in ("asin", "acos", "atanh"):
        cases.add(f"{op}/extremes", doubles(-1.5, -1.0, -1e-5, 0.0, 1e-5, 1.0, 1.5, NAN))
    cases.add("acosh/extremes", doubles(0.5, 1.0, 1e10, INF, NAN))

"""Element-wise arithmetic and functions."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "neg": torch.neg,
    "abs": torch.abs,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def add(cases: OpCases) -> None:
    for op in ("add", "sub", "mul", "div"):
        cases.add(f"{op}/same_shape", (2, 3), (2, 3))
        cases.add(f"{op}/both_broadcast", (3, 1), (1, 4))
        cases.add(f"{op}/trailing", (2, 3), (3,))
        cases.add(f"{op}/leading", (3,), (2, 1, 3))
        cases.add(f"{op}/middle", (2, 1, 3), (4, 1))
        cases.add(f"{op}/scalar_right", (2, 3), ())
        cases.add(f"{op}/scalar_left", (), (2, 3))
        cases.add(f"{op}/scalars", (), ())
    for exponent in (2.0, 0.5, -1.0, 3.0):
        positive = [0] if exponent == 0.5 else []
        cases.add(f"pow/scalar_{exponent:g}", (2, 4), positive=positive, exponent=exponent)
    cases.add("pow/tensor", (2, 3), (2, 3), positive=[0])
    cases.add("pow/tensor_broadcast", (3, 1), (1, 4), positive=[0])
    for op in ("exp", "log", "sqrt", "neg", "abs", "relu", "sigmoid", "tanh"):
        positive = [0] if op in ("log", "sqrt") else []
        cases.add(f"{op}/matrix", (3, 4), positive=positive)
        cases.add(f"{op}/scalar", (), positive=positive)
    for op in ("abs", "relu"):
        cases.add(f"{op}/zero", doubles(-1.5, 0.0, 1.5))
    for op in ("sigmoid", "tanh"):
        cases.add(f"{op}/large", doubles(-800.0, -40.0, 0.0, 40.0, 800.0))

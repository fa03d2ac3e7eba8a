"""Activation functions."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "relu": torch.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "prelu": F.prelu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "logsigmoid": F.logsigmoid,
    "tanh": torch.tanh,
    "softsign": F.softsign,
    "tanhshrink": F.tanhshrink,
    "hardtanh": F.hardtanh,
    # The gradient of F.hardsigmoid is float32's 1/6 in float64 too.
    "hardsigmoid": lambda x: F.relu6(x + 3) / 6,
    "hardswish": F.hardswish,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "threshold": F.threshold,
    "glu": F.glu,
}

INF = float("inf")
NAN = float("nan")
LARGE = (-1e4, -800.0, -100.0, -30.0, -8.0, -1e-3, 1e-3, 8.0, 30.0, 100.0, 800.0, 1e4)
OF_THEIR_OWN = ("threshold", "prelu", "glu")


def add(cases: OpCases) -> None:
    for op in OPS:
        if op in OF_THEIR_OWN:
            continue
        cases.add(f"{op}/matrix", (3, 4))
        cases.add(f"{op}/scalar", ())
        cases.add(f"{op}/large", doubles(*LARGE))
    for op in ("relu", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus",
               "sigmoid", "logsigmoid", "tanh", "softsign", "tanhshrink", "relu6", "hardtanh",
               "hardshrink"):
        cases.add(f"{op}/edges", doubles(0.0, INF, NAN))
    cases.add("glu/last", (3, 4))
    cases.add("glu/middle", (2, 4, 3), dim=1)
    cases.add("glu/large", doubles(1e4, -1e4, 2.0, 800.0, -800.0, 1e4))
    cases.add("relu/integers", torch.tensor([-3, 0, 4]))
    cases.add("relu6/ends", doubles(0.0, 6.0, 5.75))
    cases.add("relu6/integers", torch.tensor([-3, 0, 4, 9]))
    cases.add("leaky_relu/slope", (2, 3), negative_slope=0.25)
    cases.add("leaky_relu/negative_slope", (2, 3), negative_slope=-1.5)
    cases.add("elu/alpha", (2, 3), alpha=0.5)
    cases.add("elu/negative_alpha", (2, 3), alpha=-2.0)
    cases.add("celu/alpha", (2, 3), alpha=0.5)
    cases.add("celu/large_alpha", doubles(*LARGE), alpha=2.0)
    cases.add("gelu/tanh", (3, 4), approximate="tanh")
    cases.add("gelu/tanh_large", doubles(*LARGE), approximate="tanh")
    cases.add("softplus/beta", doubles(-3.0, -0.5, 0.0, 0.5, 1.25), beta=2.0, threshold=1.5)
    cases.add("softplus/threshold", doubles(19.875, 20.0, 20.125, 30.0))
    cases.add("hardtanh/bounds", doubles(-2.0, -0.5, 0.0, 1.5, 2.0, 3.0), min_val=-0.5, max_val=2.0)
    cases.add("hardtanh/integers", torch.tensor([-3, 0, 1, 9]))
    cases.add("hardsigmoid/pieces", doubles(-4.0, -2.75, 0.0, 2.75, 4.0))
    cases.add("hardswish/pieces", doubles(-4.0, -2.75, 0.0, 2.75, 4.0))
    for op in ("softshrink", "hardshrink"):
        cases.add(f"{op}/ends", doubles(-0.75, -0.5, 0.0, 0.5, 0.75))
        cases.add(f"{op}/lambd", (2, 3), lambd=1.25)
    cases.add("threshold/matrix", (3, 4), threshold=0.5, value=-7.0)
    cases.add("threshold/ends", doubles(0.25, 0.5, 0.75, NAN), threshold=0.5, value=7.0)
    cases.add("prelu/one", (2, 3, 2), (1,))
    cases.add("prelu/channels", (2, 3, 2), (3,))
    cases.add("prelu/matrix", (4, 3), (3,))
    cases.add("prelu/vector", (5,), (1,))
    cases.add("prelu/large", doubles(-1e4, 0.0, 1e4), doubles(0.25))

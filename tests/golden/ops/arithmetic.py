"""Element-wise arithmetic."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    # floor_divide() has no gradient here; div() that rounds has one, zeros.
    "floor_divide": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "remainder": torch.remainder,
    "fmod": torch.fmod,
    "pow": torch.pow,
    "hypot": torch.hypot,
    "atan2": torch.atan2,
    "lerp": torch.lerp,
    "addcmul": torch.addcmul,
    "addcdiv": torch.addcdiv,
    "neg": torch.neg,
    "abs": torch.abs,
    "sign": torch.sign,
    "square": torch.square,
}

INF = float("inf")
NAN = float("nan")


def add_divisions(cases: OpCases) -> None:
    for op in ("floor_divide", "remainder", "fmod"):
        cases.add(f"{op}/signs", doubles(7.5, -7.5, 7.5, -7.5, 6.0, -6.0),
                  doubles(2.0, 2.0, -2.0, -2.0, 2.0, 2.0))
        cases.add(f"{op}/broadcast", (3, 1), (1, 4))
        cases.add(f"{op}/integers", torch.tensor([7, -7, 7, -7, 6, -6, 0]),
                  torch.tensor([2, 2, -2, -2, 3, -3, -5]))
    for op in ("remainder", "fmod"):
        cases.add(f"{op}/extremes", torch.tensor([5, -5, 9007199254740993, -2**62]),
                  torch.tensor([2**62, 2**62, 10, 3]))
    cases.add("floor_divide/by_zero", doubles(5.0, -5.0, 0.0, NAN), doubles(0.0))
    cases.add("floor_divide/by_infinity", doubles(5.0, -5.0, 0.0, INF), doubles(INF))
    cases.add("floor_divide/near_integers", doubles(1.0, 0.5, 6.0, -1.0),
              doubles(0.125, 0.0625, 0.75, 0.1875))
    cases.add("floor_divide/extremes", torch.tensor([9007199254740993, -9007199254740993]),
              torch.tensor([10, 10]))


def add_powers(cases: OpCases) -> None:
    for exponent in (2.0, 0.5, -1.0, 3.0, 0.0):
        positive = [0] if exponent == 0.5 else []
        cases.add(f"pow/scalar_{exponent:g}", (2, 4), positive=positive, exponent=exponent)
    cases.add("pow/tensor", (2, 3), (2, 3), positive=[0])
    cases.add("pow/tensor_broadcast", (3, 1), (1, 4), positive=[0])
    cases.add("pow/zeros", doubles(0.0, 0.0, 2.0, 0.0), doubles(0.0, 2.0, 0.0, 1.0))
    cases.add("pow/integers", torch.tensor([3, -3, 0, 7, 2]), torch.tensor([4, 3, 0, 1, 62]))


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
    for op in ("add", "sub", "mul"):
        cases.add(f"{op}/integers", torch.tensor([3, -3, 2**62]), torch.tensor([4, -7, 1]))
    add_divisions(cases)
    add_powers(cases)
    for op in ("hypot", "atan2"):
        cases.add(f"{op}/matrix", (2, 3), (2, 3))
        cases.add(f"{op}/broadcast", (3, 1), (1, 4))
        cases.add(f"{op}/axes", doubles(0.0, 0.0, 1.0, -1.0), doubles(1.0, -1.0, 0.0, 0.0))
    cases.add("hypot/extremes", doubles(1e4, 3e18, INF, INF), doubles(1e-4, 4e18, 1.0, NAN))
    for name, shapes in (("matrix", [(2, 3)] * 3), ("broadcast", [(3, 1), (4,), (2, 1, 1)])):
        cases.add(f"lerp/{name}", *shapes)
        cases.add(f"addcmul/{name}", *shapes, value=0.5)
        cases.add(f"addcdiv/{name}", *shapes, value=-2.0)
    cases.add("lerp/ends", doubles(0.1, 0.1), doubles(1e4, 1e4), doubles(0.0, 1.0))
    for op in ("neg", "abs", "sign", "square"):
        cases.add(f"{op}/matrix", (3, 4))
        cases.add(f"{op}/scalar", ())
        cases.add(f"{op}/integers", torch.tensor([3, -4, 0]))
    for op in ("abs", "sign"):
        cases.add(f"{op}/zero", doubles(-1.5, 0.0, 1.5, -INF, NAN))

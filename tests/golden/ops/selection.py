"""Selection between values."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "where": torch.where,
    "masked_fill": lambda x, mask, value=None, *, number=0.0:
        x.masked_fill(mask, number if value is None else value),
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "clamp_min": torch.clamp_min,
    "clamp_max": torch.clamp_max,
    "clamp": torch.clamp,
    "clamp_tensors": torch.clamp,
    "heaviside": lambda x, values: torch.heaviside(x.detach(), values.detach()),
    "nan_to_num": torch.nan_to_num,
}

INF = float("inf")
NAN = float("nan")
MASK = torch.tensor([[True, False, True], [False, False, True]])


def add(cases: OpCases) -> None:
    cases.add("where/matrix", MASK, (2, 3), (2, 3))
    cases.add("where/broadcast", torch.tensor([[True], [False]]), (3, 1, 1), (2,))
    cases.add("where/wide_condition", MASK, (), (3,))
    cases.add("where/integers", MASK, torch.tensor([1, 2, 3]), torch.tensor([[4], [5]]))
    cases.add("where/mixed", MASK, (2, 3), torch.tensor([1, 2, 3]))
    cases.add("where/not_taken", torch.tensor([True, False]), doubles(1.0, NAN), doubles(INF, 2.0))
    cases.add("masked_fill/number", (2, 3), MASK, number=-0.5)
    cases.add("masked_fill/broadcast", (2, 1, 3), MASK, number=1e4)
    cases.add("masked_fill/tensor", (2, 3), MASK[:1], ())
    cases.add("masked_fill/integers", torch.tensor([[1, 2, 3]]), MASK, number=2.5)
    for op in ("maximum", "minimum", "clamp_min", "clamp_max"):
        cases.add(f"{op}/matrix", (2, 3), (2, 3))
        cases.add(f"{op}/broadcast", (3, 1), (1, 4))
        cases.add(f"{op}/ties_nan", doubles(1.0, 2.0, NAN, 3.0, INF), doubles(1.0, 3.0, 1.0, NAN, INF))
        cases.add(f"{op}/integers", torch.tensor([3, -2, 2**62 + 1]), torch.tensor([2, -2, 2**62]))
    for op in ("maximum", "minimum"):
        cases.add(f"{op}/bool", torch.tensor([[True], [False]]), torch.tensor([True, False]))
    x = doubles(-1.0, 0.0, 0.5, 1.0, 2.0, NAN, -INF, INF)
    for name, low, high in (("both", 0.0, 1.0), ("low", 0.5, None), ("high", None, 0.5),
                            ("crossed", 1.5, 0.25)):
        cases.add(f"clamp/{name}", x, **{key: value for key, value in (("min", low), ("max", high))
                                         if value is not None})
    cases.add("clamp/integers", torch.tensor([-3, 0, 4]), min=-1, max=2)
    cases.add("clamp/mixed", torch.tensor([-3, 0, 4]), min=0.5)
    cases.add("clamp_tensors/matrix", (3, 4), doubles(-1.0, -0.5, 0.0, 0.5), doubles([0.75]))
    cases.add("clamp_tensors/edges", doubles(-1.0, 0.0, 2.0, NAN, 1.0, 1.0),
              doubles(0.0, 0.0, 0.0, 0.0, NAN, 2.0), doubles(1.0, 1.0, 1.0, 1.0, 1.0, 1.0))
    cases.add("heaviside/floats", doubles(-1.5, -0.0, 0.0, 2.0, NAN), doubles(0.5))
    cases.add("heaviside/integers", torch.tensor([-3, 0, 4]), torch.tensor([7]))
    some = doubles(-2.0, 0.0, NAN, INF, -INF)
    cases.add("nan_to_num/numbers", some, nan=0.25, posinf=100.0, neginf=-50.0)
    cases.add("nan_to_num/nan", doubles(-2.0, NAN))
    cases.add("nan_to_num/integers", torch.tensor([-3, 0, 4]))

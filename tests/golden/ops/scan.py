"""Running sums, products and extremes."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles

OPS: Dict[str, Callable[..., Tensor]] = {
    "cumsum": torch.cumsum,
    "cumprod": torch.cumprod,
    "logcumsumexp": torch.logcumsumexp,
    "cummax": lambda x, dim: torch.cummax(x, dim).values,
    "cummin": lambda x, dim: torch.cummin(x, dim).values,
    "cummax_indices": lambda x, dim: torch.cummax(x, dim).indices,
    "cummin_indices": lambda x, dim: torch.cummin(x, dim).indices,
}

NAN = float("nan")


def add(cases: OpCases) -> None:
    for op in OPS:
        cases.add(f"{op}/line", (5,), dim=0)
        cases.add(f"{op}/dim0", (4, 3), dim=0)
        cases.add(f"{op}/dim1", (2, 4, 2), dim=1)
        cases.add(f"{op}/dim_last", (2, 2, 3), dim=-1)
        cases.add(f"{op}/scalar", (), dim=0)
        cases.add(f"{op}/nothing", (2, 0), dim=1)
    integers = torch.tensor([[3, -1, 2], [2, 5, 0]])
    for op in ("cumsum", "cumprod"):
        cases.add(f"{op}/integers", integers, dim=1)
        cases.add(f"{op}/bool", integers > 0, dim=0)
    zeros = doubles([1.5, 0.0, -2.0, 3.0], [0.0, 3.0, 0.0, 0.5], [0.5, -1.0, 2.0, 0.0])
    cases.add("cumprod/zeros_dim0", zeros, dim=0)
    cases.add("cumprod/zeros_dim1", zeros, dim=1)
    cases.add("logcumsumexp/large", doubles([100.0, 0.0, 200.0], [-100.0, -200.0, 50.0]),
              dim=1)
    ties = doubles([1.0, 3.0, 3.0, 2.0, 3.0], [2.0, 2.0, -1.0, -1.0, 2.0])
    with_nan = doubles([1.0, NAN, 3.0, NAN], [2.0, 0.5, 4.0, -4.0])
    for op in ("cummax", "cummin"):
        for kind in ("", "_indices"):
            cases.add(f"{op}{kind}/ties", ties, dim=1)
            cases.add(f"{op}{kind}/nan", with_nan, dim=1)
            cases.add(f"{op}{kind}/integers", integers, dim=1)

"""Sums, products, extremes and logic over dims."""

from typing import Callable, Dict, List, Optional

import torch
from torch import Tensor

from cases import Json, OpCases, doubles


def max_values(x: Tensor, **attrs: Json) -> Tensor:
    return torch.max(x, **attrs).values if attrs else torch.max(x)


def min_values(x: Tensor, **attrs: Json) -> Tensor:
    return torch.min(x, **attrs).values if attrs else torch.min(x)


def over_dims(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Over several dims, one after the other; `op` takes one."""
    def call(x: Tensor, dim: Optional[List[int]] = None, keepdim: bool = False) -> Tensor:
        dims = list(range(x.dim())) if dim is None else [d % x.dim() for d in dim]
        for d in sorted(dims, reverse=True):
            x = op(x, d, keepdim)
        return x if x.dim() or dims else op(x)
    return call


OPS: Dict[str, Callable[..., Tensor]] = {
    "sum": torch.sum,
    "nansum": torch.nansum,
    "mean": torch.mean,
    "prod": over_dims(torch.prod),
    "max": max_values,
    "min": min_values,
    "max_indices": lambda x, **attrs: torch.max(x, **attrs).indices,
    "min_indices": lambda x, **attrs: torch.min(x, **attrs).indices,
    "amax": torch.amax,
    "amin": torch.amin,
    "argmax": torch.argmax,
    "argmin": torch.argmin,
    "all": over_dims(torch.all),
    "any": over_dims(torch.any),
    "count_nonzero": torch.count_nonzero,
}

NAN = float("nan")
INF = float("inf")


def add(cases: OpCases) -> None:
    for op in ("sum", "mean"):
        cases.add(f"{op}/all", (2, 3, 4))
        cases.add(f"{op}/all_scalar", ())
        cases.add(f"{op}/dim1", (2, 3, 4), dim=[1], keepdim=False)
        cases.add(f"{op}/dim1_keepdim", (2, 3, 4), dim=[1], keepdim=True)
        cases.add(f"{op}/dim_last", (2, 3, 4), dim=[-1], keepdim=False)
        cases.add(f"{op}/dims_0_2", (2, 3, 4), dim=[0, 2], keepdim=False)
        cases.add(f"{op}/dims_0_2_keepdim", (2, 3, 4), dim=[0, 2], keepdim=True)
    ties = doubles([1.0, 3.0, 3.0, 2.0], [2.0, 2.0, 0.5, 2.0], [-1.0, -1.0, -1.0, -1.0])
    for op in ("max", "argmax"):
        cases.add(f"{op}/all", (3, 4))
        cases.add(f"{op}/all_ties", ties)
        cases.add(f"{op}/dim0", (3, 4), dim=0, keepdim=False)
        cases.add(f"{op}/dim1_keepdim", (2, 3, 4), dim=1, keepdim=True)
        cases.add(f"{op}/dim_last", (2, 3, 4), dim=-1, keepdim=False)
        cases.add(f"{op}/ties_dim0", ties, dim=0, keepdim=False)
        cases.add(f"{op}/ties_dim1", ties, dim=1, keepdim=False)
    integers = torch.tensor([[3, -1, 0, 3], [0, 0, 0, 2], [5, 7, -2, 7]])
    for op in ("min", "argmin"):
        cases.add(f"{op}/all_ties", -ties)
        cases.add(f"{op}/dim0", (3, 4), dim=0, keepdim=False)
        cases.add(f"{op}/dim1_keepdim", (2, 3, 4), dim=1, keepdim=True)
        cases.add(f"{op}/ties_dim1", -ties, dim=-1, keepdim=False)
        cases.add(f"{op}/scalar", (), dim=0, keepdim=False)
        cases.add(f"{op}/integers", integers, dim=1, keepdim=False)
    with_nan = doubles([1.0, NAN, 3.0, NAN], [2.0, INF, -INF, 0.5])
    for op in ("max", "min"):
        cases.add(f"{op}/nan", with_nan)
        cases.add(f"{op}/nan_dim1", with_nan, dim=1, keepdim=False)
        cases.add(f"{op}_indices/dim0", (4, 3), dim=0, keepdim=False)
        cases.add(f"{op}_indices/ties_keepdim", ties, dim=1, keepdim=True)
        cases.add(f"{op}_indices/nan", with_nan, dim=1, keepdim=False)
        cases.add(f"arg{op}/nan_all", with_nan)
        cases.add(f"arg{op}/all_keepdim", (2, 3), keepdim=True)
        cases.add(f"a{op}/all", (2, 3, 4))
        cases.add(f"a{op}/ties", ties, dim=[1], keepdim=False)
        cases.add(f"a{op}/ties_dims", -ties, dim=[0, -1], keepdim=True)
        cases.add(f"a{op}/dims_0_2", (2, 3, 4), dim=[0, 2], keepdim=False)
        cases.add(f"a{op}/scalar", ())
        cases.add(f"a{op}/integers", integers, dim=[0], keepdim=False)
    cases.add("sum/integers", integers, dim=[1], keepdim=False)
    cases.add("sum/bool", integers > 0)
    cases.add("sum/nothing", (2, 0, 3), dim=[1], keepdim=False)
    cases.add("nansum/all", with_nan[:1])
    cases.add("nansum/dim0", with_nan, dim=[0], keepdim=True)
    cases.add("nansum/integers", integers, dim=[0], keepdim=False)
    add_prod(cases, integers)
    add_logic(cases, integers, with_nan)


def add_prod(cases: OpCases, integers: Tensor) -> None:
    zeros = doubles([1.5, 0.0, -2.0], [0.0, 3.0, 0.0], [0.5, -1.0, 2.0])
    cases.add("prod/all", (2, 3))
    cases.add("prod/all_one_zero", zeros[0])
    cases.add("prod/all_zeros", zeros)
    cases.add("prod/dim0", (2, 3, 4), dim=[0], keepdim=False)
    cases.add("prod/dim1_keepdim", (2, 3, 4), dim=[1], keepdim=True)
    cases.add("prod/dims_0_2", (2, 3, 2), dim=[0, -1], keepdim=False)
    cases.add("prod/zeros_dim0", zeros, dim=[0], keepdim=False)
    cases.add("prod/zeros_dim1", zeros, dim=[-1], keepdim=False)
    cases.add("prod/scalar", ())
    cases.add("prod/nothing", (2, 0), dim=[1], keepdim=False)
    cases.add("prod/integers", integers[:, :2], dim=[1], keepdim=False)
    cases.add("prod/bool", integers[2] > 0)


def add_logic(cases: OpCases, integers: Tensor, with_nan: Tensor) -> None:
    for op in ("all", "any"):
        cases.add(f"{op}/all", integers != 0)
        cases.add(f"{op}/dim0", integers, dim=[0], keepdim=False)
        cases.add(f"{op}/dim1_keepdim", integers > 0, dim=[-1], keepdim=True)
        cases.add(f"{op}/dims", integers.reshape(2, 3, 2) > 2, dim=[0, 2], keepdim=False)
        cases.add(f"{op}/floats", doubles([0.0, 0.5, -1.0], [0.0, 0.0, 0.0]), dim=[1],
                  keepdim=False)
        cases.add(f"{op}/nan", with_nan)
        cases.add(f"{op}/nothing", integers[:0] > 0)
    cases.add("count_nonzero/all", integers)
    cases.add("count_nonzero/dim1", integers, dim=[1])
    cases.add("count_nonzero/dims", with_nan.reshape(2, 2, 2), dim=[0, -1])

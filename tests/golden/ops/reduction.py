"""Reductions."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import Json, OpCases, doubles


def max_values(x: Tensor, **attrs: Json) -> Tensor:
    return torch.max(x, **attrs).values if attrs else torch.max(x)


OPS: Dict[str, Callable[..., Tensor]] = {
    "sum": torch.sum,
    "mean": torch.mean,
    "max": max_values,
    "argmax": torch.argmax,
}


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

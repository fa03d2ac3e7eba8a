"""Views and rearrangements."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases


def slice_dim(x: Tensor, dim: int, start: int, end: int, step: int) -> Tensor:
    return x[(slice(None),) * dim + (slice(start, end, step),)]


OPS: Dict[str, Callable[..., Tensor]] = {
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "transpose": lambda x, dim0, dim1: torch.transpose(x, dim0, dim1),
    "permute": lambda x, dims: torch.permute(x, dims),
    "slice": slice_dim,
    "cat": lambda *tensors, dim: torch.cat(tensors, dim),
}


def add(cases: OpCases) -> None:
    cases.add("reshape/flatten", (2, 3, 4), shape=[24])
    cases.add("reshape/infer", (2, 3, 4), shape=[4, -1])
    cases.add("reshape/scalar", (1, 1), shape=[])
    cases.add("transpose/matrix", (2, 3), dim0=0, dim1=1)
    cases.add("transpose/negative", (2, 3, 4), dim0=0, dim1=-1)
    cases.add("permute/3d", (2, 3, 4), dims=[2, 0, 1])
    cases.add("permute/negative", (2, 1, 3, 2), dims=[0, -1, 1, 2])
    cases.add("slice/rows", (5, 3), dim=0, start=1, end=4, step=1)
    cases.add("slice/step2", (3, 7), dim=1, start=1, end=6, step=2)
    cases.add("slice/step3_past_end", (2, 3, 7), dim=2, start=0, end=100, step=3)
    cases.add("slice/negative", (3, 7), dim=1, start=-5, end=-1, step=2)
    cases.add("cat/dim0", (2, 3), (1, 3), (3, 3), dim=0)
    cases.add("cat/dim1", (2, 1, 2), (2, 3, 2), dim=1)
    cases.add("cat/dim_last", (2, 3), (2, 2), dim=-1)

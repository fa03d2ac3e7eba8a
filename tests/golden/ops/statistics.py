"""Variance, norms and logsumexp."""

from typing import Callable, Dict, List, Optional, Union

import torch
from torch import Tensor

from cases import OpCases, doubles

Dims = Optional[List[int]]


def spread(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(x: Tensor, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        return op(x, list(range(x.dim())) if dim is None else dim, correction=correction,
                  keepdim=keepdim)
    return call


def part(op: Callable[..., Tensor], i: int) -> Callable[..., Tensor]:
    return spread(lambda *args, **attrs: op(*args, **attrs)[i])


def norm(x: Tensor, p: Union[float, str] = 2, dim: Dims = None, keepdim: bool = False) -> Tensor:
    return torch.linalg.vector_norm(x, float(p), dim, keepdim)


OPS: Dict[str, Callable[..., Tensor]] = {
    "var": spread(torch.var),
    "std": spread(torch.std),
    "var_mean_var": part(torch.var_mean, 0),
    "var_mean_mean": part(torch.var_mean, 1),
    "std_mean_std": part(torch.std_mean, 0),
    "std_mean_mean": part(torch.std_mean, 1),
    "norm": norm,
    "vector_norm": norm,
    "logsumexp": torch.logsumexp,
}

INF = float("inf")


def add(cases: OpCases) -> None:
    for op in OPS:
        if op in ("norm", "vector_norm", "logsumexp"):
            continue
        cases.add(f"{op}/all", (2, 3, 4))
        cases.add(f"{op}/dim1", (2, 3, 4), dim=[1])
        cases.add(f"{op}/dims_biased_keepdim", (2, 3, 4), dim=[0, -1], correction=0, keepdim=True)
    constant = doubles([2.0, 2.0, 2.0], [1.0, 2.0, 4.0])
    for op in ("var", "std"):
        cases.add(f"{op}/scalar_biased", (), correction=0)
        cases.add(f"{op}/correction2", (3, 4), dim=[0], correction=2)
        cases.add(f"{op}/constant", constant, dim=[1])
        cases.add(f"{op}/one_value", (3, 1), dim=[1])
    zeros = doubles([0.0, 0.0, 0.0], [3.0, 0.0, -4.0])
    ties = doubles([1.0, -3.0, 3.0], [-2.0, 2.0, 2.0])
    for p in (2, 1, 3, 0, 0.5, 1.5, "inf", "-inf"):
        cases.add(f"norm/p{p}", (2, 3), p=p)
        cases.add(f"norm/p{p}_dim1", (2, 3, 2), p=p, dim=[1])
        cases.add(f"norm/p{p}_zeros", zeros, p=p, dim=[1])
        cases.add(f"norm/p{p}_ties_dims", ties, p=p, dim=[0, -1], keepdim=True)
    cases.add("norm/scalar", ())
    cases.add("norm/nothing", (2, 0), dim=[1])
    cases.add("norm/negative_p", (2, 3), p=-2, dim=[0])
    cases.add("vector_norm/default", (2, 3))
    cases.add("vector_norm/p3", (2, 3), p=3, dim=[0], keepdim=True)
    cases.add("logsumexp/dim0", (3, 4), dim=[0])
    cases.add("logsumexp/dims_keepdim", (2, 3, 4), dim=[0, -1], keepdim=True)
    cases.add("logsumexp/large", doubles([1000.0, 0.0], [-1000.0, -2000.0]), dim=[1])
    cases.add("logsumexp/infinite", doubles([-INF, 1.0, 0.5], [-INF, -INF, -INF], [INF, 1.0, 2.0]),
              dim=[-1])
    cases.add("logsumexp/scalar", (), dim=[0])
    cases.add("logsumexp/nothing", (2, 0), dim=[1])

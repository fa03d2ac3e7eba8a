"""Order along a dim, order statistics, search and counts."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import Json, OpCases, doubles


def sort(x: Tensor, **attrs: Json) -> torch.return_types.sort:
    return torch.sort(x, stable=True, **attrs)


def median(x: Tensor, **attrs: Json) -> Tensor:
    return torch.median(x, **attrs).values if attrs else torch.median(x)


OPS: Dict[str, Callable[..., Tensor]] = {
    "sort": lambda x, **attrs: sort(x, **attrs).values,
    "argsort": lambda x, **attrs: sort(x, **attrs).indices,
    "topk": lambda x, **attrs: torch.topk(x, **attrs).values,
    "topk_indices": lambda x, **attrs: torch.topk(x, **attrs).indices,
    "kthvalue": lambda x, **attrs: torch.kthvalue(x, **attrs).values,
    "kthvalue_indices": lambda x, **attrs: torch.kthvalue(x, **attrs).indices,
    "median": median,
    "median_indices": lambda x, **attrs: torch.median(x, **attrs).indices,
    "quantile": torch.quantile,
    "searchsorted": torch.searchsorted,
    "bucketize": torch.bucketize,
    "bincount": torch.bincount,
    "histc": torch.histc,
}

NAN = float("nan")
INF = float("inf")
TIES = doubles([1.0, 3.0, 3.0, 2.0, 1.0], [2.0, -0.0, 0.0, 0.5, 2.0])
WITH_NAN = doubles([1.0, NAN, -INF, NAN, INF], [2.0, 0.5, 4.0, -4.0, 1.0])
INTEGERS = torch.tensor([[3, -1, 2, 3], [2, 5, 0, 2]])


def add(cases: OpCases) -> None:
    for op in ("sort", "argsort"):
        cases.add(f"{op}/default", (2, 5))
        cases.add(f"{op}/dim0_descending", (5, 2), dim=0, descending=True)
        cases.add(f"{op}/dim1", (2, 4, 2), dim=1)
        cases.add(f"{op}/scalar", ())
        cases.add(f"{op}/nothing", (2, 0))
        for name, x in (("ties", TIES), ("nan", WITH_NAN), ("integers", INTEGERS),
                        ("bool", INTEGERS > 2)):
            cases.add(f"{op}/{name}", x, dim=1)
            cases.add(f"{op}/{name}_descending", x, dim=-1, descending=True)
    for op in ("topk", "topk_indices"):
        cases.add(f"{op}/default", (2, 5), k=2)
        cases.add(f"{op}/smallest_dim0", (5, 3), k=3, dim=0, largest=False)
        cases.add(f"{op}/all_dim1", (2, 4, 2), k=4, dim=-2)
        cases.add(f"{op}/none", (2, 3), k=0)
        cases.add(f"{op}/scalar", (), k=1)
        cases.add(f"{op}/integers", INTEGERS[:, :3], k=2)
        cases.add(f"{op}/nan", WITH_NAN[:, :3], k=2)
        cases.add(f"{op}/nan_smallest", WITH_NAN[:, 1:3], k=2, largest=False)
    for op in ("kthvalue", "kthvalue_indices"):
        cases.add(f"{op}/default", (3, 5), k=2)
        cases.add(f"{op}/dim0_keepdim", (4, 3), k=4, dim=0, keepdim=True)
        cases.add(f"{op}/scalar", (), k=1)
        cases.add(f"{op}/nan", WITH_NAN[:, :3], k=2)
        cases.add(f"{op}/integers", INTEGERS[:, :3], k=1)
    for op in ("median", "median_indices"):
        cases.add(f"{op}/dim1", (3, 5), dim=1)
        cases.add(f"{op}/even_dim0_keepdim", (4, 3), dim=0, keepdim=True)
        cases.add(f"{op}/nan", WITH_NAN, dim=1)
        cases.add(f"{op}/integers", INTEGERS[:, :3], dim=1)
        cases.add(f"{op}/scalar", (), dim=0)
    cases.add("median/all", (3, 4))
    cases.add("median/all_ties", TIES)
    cases.add("median/all_nan", WITH_NAN)
    cases.add("median/all_nothing", (0,))
    add_quantile(cases)
    add_search(cases)


def add_quantile(cases: OpCases) -> None:
    cases.add("quantile/all", (3, 4), q=0.3)
    cases.add("quantile/dim0", (3, 4), q=0.9, dim=0)
    cases.add("quantile/dim1_keepdim", (2, 5, 2), q=0.6, dim=1, keepdim=True)
    cases.add("quantile/ends", (2, 3), q=1.0, dim=-1)
    cases.add("quantile/nan", WITH_NAN, q=0.5, dim=1)
    cases.add("quantile/several", (2, 5), q=doubles(0.0, 0.35, 0.8), dim=1)
    cases.add("quantile/several_all_keepdim", (2, 3), q=doubles(0.4, 0.5), keepdim=True)
    for interpolation in ("lower", "higher", "midpoint", "nearest"):
        cases.add(f"quantile/{interpolation}", (2, 4), q=0.4, dim=1, interpolation=interpolation)
        cases.add(f"quantile/{interpolation}_half", (2, 4), q=0.5, dim=1,
                  interpolation=interpolation)


def add_search(cases: OpCases) -> None:
    sorted_line = doubles(-1.0, 0.5, 0.5, 2.0)
    values = doubles([0.5, -3.0, 2.0], [NAN, 1.0, 9.0])
    lines = doubles([0.0, 1.0, 2.0, 3.0], [5.0, 5.0, 6.0, 8.0])
    for right in (False, True):
        cases.add(f"searchsorted/line_{right}", sorted_line, values, right=right)
        cases.add(f"searchsorted/lines_{right}", lines, doubles([1.0, 4.0], [5.0, 0.0]),
                  right=right)
        cases.add(f"searchsorted/scalar_{right}", sorted_line, doubles(0.5)[0], right=right)
        cases.add(f"bucketize/values_{right}", values, sorted_line, right=right)
        cases.add(f"bucketize/integers_{right}", INTEGERS, torch.tensor([0, 2, 3]), right=right)
    counted = torch.tensor([3, 0, 3, 1, 0, 3])
    cases.add("bincount/plain", counted)
    cases.add("bincount/minlength", counted, minlength=7)
    cases.add("bincount/nothing", counted[:0], minlength=2)
    weights = doubles(0.5, 1.0, 2.0, -1.0, 0.25, 4.0)
    cases.add("bincount/weights", counted, weights=weights)
    spread = doubles(-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 3.0)
    cases.add("histc/range_of_values", spread, bins=4)
    cases.add("histc/range", spread, bins=5, min=0, max=1)
    cases.add("histc/equal_values", doubles(2.0, 2.0), bins=3)

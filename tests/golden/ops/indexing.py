"""Reading and writing at indices."""

from typing import Any, Callable, Dict, List

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases


def decoded(indices: List[Any], tensors: List[Tensor]) -> Any:
    """Numbers and bools, "..." and "None", {"slice": [a, b, c]} and "t" (the next tensor)."""
    tensors = list(tensors)
    result: List[Any] = []
    for each in indices:
        if each == "...":
            result.append(Ellipsis)
        elif each == "None":
            result.append(None)
        elif each == "t":
            result.append(tensors.pop(0))
        elif isinstance(each, dict):
            result.append(slice(*each["slice"]))
        else:
            result.append(each)
    return tuple(result)


def index(x: Tensor, *tensors: Tensor, indices: List[Any]) -> Tensor:
    return x[decoded(indices, list(tensors))]


def index_put(x: Tensor, values: Tensor, *tensors: Tensor, indices: List[Any],
              accumulate: bool = False) -> Tensor:
    result = x.clone()
    where = decoded(indices, list(tensors))
    if accumulate:
        # Python has no syntax for this with slices: add at the places that the index takes.
        places = torch.arange(x.numel()).reshape(x.shape)[where]
        flat = result.reshape(-1)
        sources = values.expand(places.shape).reshape(-1)
        return flat.index_put((places.reshape(-1),), sources, True).reshape(x.shape)
    result[where] = values
    return result


def slice_scatter(x: Tensor, src: Tensor, dim: int, start: int, end: int, step: int = 1) -> Tensor:
    """By assignment: torch.slice_scatter of PyTorch 1.13 takes another slice than it is told."""
    result = x.clone()
    result.transpose(0, dim)[start:end:step] = src.transpose(0, dim)
    return result


OPS: Dict[str, Callable[..., Tensor]] = {
    "gather": lambda x, index, dim: torch.gather(x, dim, index),
    "scatter": lambda x, src, index, dim: torch.scatter(x, dim, index, src),
    "scatter_value": lambda x, index, dim, value: torch.scatter(x, dim, index, value),
    "scatter_add": lambda x, src, index, dim: torch.scatter_add(x, dim, index, src),
    "take_along_dim": lambda x, index, **options: torch.take_along_dim(x, index, **options),
    "index_select": lambda x, index, dim: torch.index_select(x, dim, index),
    "index_add": lambda x, src, index, dim, alpha=1: torch.index_add(x, dim, index, src,
                                                                      alpha=alpha),
    "index_copy": lambda x, src, index, dim: torch.index_copy(x, dim, index, src),
    "index_fill": lambda x, index, dim, value: torch.index_fill(x, dim, index, value),
    "embedding": lambda weight, index, **options: F.embedding(index, weight, **options),
    "one_hot": lambda index, num_classes: F.one_hot(index, num_classes),
    "nonzero": torch.nonzero,
    "masked_select": torch.masked_select,
    "slice_scatter": slice_scatter,
    "select_scatter": torch.select_scatter,
    "index": index,
    "index_put": index_put,
}


def part(*ends: Any) -> Dict[str, Any]:
    return {"slice": list(ends)}


ALL = part(None, None, None)


def add_along_dims(cases: OpCases) -> None:
    t = torch.tensor
    cases.add("gather/dim0", (3, 4), torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]]), dim=0)
    cases.add("gather/dim1", (3, 4), torch.tensor([[3], [0], [2]]), dim=1)
    cases.add("gather/repeated", (2, 3), torch.tensor([[1, 1, 1, 0], [2, 0, 2, 2]]), dim=1)
    cases.add("gather/dim_last", (2, 2, 3), torch.tensor([[[2, 0], [1, 1]], [[0, 0], [2, 1]]]),
              dim=-1)
    cases.add("gather/middle", (2, 3, 2), t([[[2, 0]], [[1, 1]]]), dim=1)
    cases.add("gather/scalar", (), t(0), dim=0)
    cases.add("scatter/dim0", (3, 4), (2, 4), t([[0, 2, 1, 1], [2, 0, 0, 2]]), dim=0)
    cases.add("scatter/last", (3, 4), (2, 2), t([[3, 0], [1, 2]]), dim=-1)
    cases.add("scatter_value/dim1", (3, 4), t([[3, 0], [1, 1]]), dim=1, value=2.5)
    cases.add("scatter_add/dim0", (3, 4), (2, 4), t([[0, 2, 1, 1], [0, 2, 2, 1]]), dim=0)
    cases.add("scatter_add/repeated", (2, 3), (2, 4), t([[0, 0, 2, 0], [1, 1, 1, 1]]), dim=1)
    cases.add("take_along_dim/dim1", (3, 4), t([[2], [0], [3]]), dim=1)
    cases.add("take_along_dim/broadcast_index", (3, 4), t([[2]]), dim=0)
    cases.add("take_along_dim/broadcast_x", (1, 4), t([[0, 1], [2, 2]]), dim=1)
    cases.add("take_along_dim/flat", (3, 4), t([11, 0, 5]))
    cases.add("index_select/rows", (3, 4), t([2, 0, 2]), dim=0)
    cases.add("index_select/columns", (2, 3, 2), t([1, 1, 0]), dim=-2)
    cases.add("index_select/scalar_index", (3, 2), t(1), dim=0)
    cases.add("index_select/none", (3, 2), t([], dtype=torch.int64), dim=0)
    cases.add("index_add/rows", (3, 4), (3, 4), t([2, 0, 2]), dim=0)
    cases.add("index_add/alpha", (2, 3), (2, 2), t([1, 1]), dim=-1, alpha=-0.5)
    cases.add("index_copy/rows", (3, 4), (2, 4), t([2, 0]), dim=0)
    cases.add("index_copy/columns", (2, 3, 2), (2, 1, 2), t([1]), dim=1)
    cases.add("index_fill/columns", (3, 4), t([2, 0, 2]), dim=1, value=1.5)
    cases.add("embedding/matrix", (4, 3), t([[0, 3], [1, 1]]))
    cases.add("embedding/scalar", (4, 3), t(2))
    cases.add("embedding/padding", (4, 3), t([0, 3, 0, 2]), padding_idx=0)
    cases.add("embedding/padding_negative", (4, 2), t([0, 3, 0, 2]), padding_idx=-1)
    cases.add("one_hot/given", t([1, 0, 3]), num_classes=5)
    cases.add("one_hot/inferred", t([[1, 0], [2, 2]]), num_classes=-1)
    cases.add("nonzero/matrix", t([[0.0, 1.0, 0.0], [-2.0, float("nan"), -0.0]]).double())
    cases.add("nonzero/scalar", t(3))
    cases.add("nonzero/none", t([False, False]))
    cases.add("masked_select/same", (2, 3), t([[True, False, True], [False, True, True]]))
    cases.add("masked_select/broadcast_mask", (2, 3), t([True, False, True]))
    cases.add("masked_select/broadcast_x", (3,), t([[True, False, True], [False, True, True]]))
    cases.add("slice_scatter/rows", (4, 3), (2, 3), dim=0, start=1, end=3)
    cases.add("slice_scatter/step", (2, 5), (2, 3), dim=1, start=0, end=100, step=2)
    cases.add("select_scatter/row", (4, 3), (3,), dim=0, index=-1)
    cases.add("select_scatter/column", (4, 3), (4,), dim=1, index=1)


def add_brackets(cases: OpCases) -> None:
    t = torch.tensor
    rows, columns = t([2, 0, -1]), t([[1], [-2]])
    mask = t([True, False, True])
    grid = t([[True, False, True], [False, True, True]])
    cases.add("index/integer", (4, 3), indices=[-1])
    cases.add("index/slices", (4, 5), indices=[part(1, None, 2), part(None, -1, None)])
    cases.add("index/clamped", (4,), indices=[part(-10, 10, None)])
    cases.add("index/mixed", (2, 3, 4), indices=["...", "None", 1, part(-2, None, None)])
    cases.add("index/nothing", (2, 2), indices=[])
    cases.add("index/rows", (4, 3), rows, indices=["t"])
    cases.add("index/pairs", (3, 4), rows, t([0, 3, 3]), indices=["t", "t"])
    cases.add("index/outer", (3, 4), rows, columns, indices=["t", "t"])
    cases.add("index/adjacent", (2, 3, 4), rows, columns, indices=[ALL, "t", "t"])
    cases.add("index/adjacent_middle", (2, 3, 3, 2), rows, rows, indices=[1, "t", "t", "..."])
    cases.add("index/separated", (3, 2, 4), rows, columns, indices=["t", ALL, "t"])
    cases.add("index/separated_last", (2, 3, 2, 3), rows, rows, indices=[ALL, "t", 0, "t"])
    cases.add("index/separated_none", (3, 4), rows, rows, indices=["t", "None", "t"])
    cases.add("index/scalar_tensor", (3, 2, 4), t(1), t([0, 3]), indices=["t", ALL, "t"])
    cases.add("index/mask", (3, 4), mask, indices=["t"])
    cases.add("index/mask_last", (2, 3), mask, indices=["...", "t"])
    cases.add("index/mask_grid", (2, 3, 2), grid, indices=["t"])
    cases.add("index/mask_and_index", (2, 3, 2), grid, t([0, 1, 1, 0]), indices=["t", "t"])
    cases.add("index/mask_separated", (3, 2, 3), mask, t([2, 0]), indices=["t", ALL, "t"])
    cases.add("index/mask_grid_separated", (2, 3, 2, 4), grid, t([0, 3, 1, 1]),
              indices=["t", ALL, "t"])
    cases.add("index/mask_none", (2, 3), t([False, False]), indices=["t"])
    cases.add("index/true", (2, 2), indices=[True])
    cases.add("index/false", (2, 2), indices=[False, "..."])
    cases.add("index/scalar_none", (), indices=["None"])
    cases.add("index_put/row", (4, 3), (3,), indices=[1])
    cases.add("index_put/slices", (4, 5), (1, 2), indices=[part(1, None, 2), part(-2, None, None)])
    cases.add("index_put/rows", (4, 3), (2, 3), t([2, 0]), indices=["t"])
    cases.add("index_put/pairs", (3, 4), (3,), rows, t([0, 3, 1]), indices=["t", "t"])
    cases.add("index_put/adjacent", (2, 3, 4), (2,), t([0, 2]), t([1, -1]),
              indices=[ALL, "t", "t"])
    cases.add("index_put/separated", (3, 2, 4), (2, 2), t([0, 2]), t([1, -1]),
              indices=["t", ALL, "t"])
    cases.add("index_put/mask", (2, 3), (4,), grid, indices=["t"])
    cases.add("index_put/mask_scalar", (2, 3), (), grid, indices=["t"])
    cases.add("index_put/mixed", (3, 4), (2,), t([0, -1]), indices=["t", 1])
    cases.add("index_put/accumulate_rows", (4, 3), (3, 3), t([1, 1, 0]), indices=["t"],
              accumulate=True)
    cases.add("index_put/accumulate_pairs", (3, 4), (1,), t([1, 1, 0]), t([2, 2, 0]),
              indices=["t", "t"], accumulate=True)
    cases.add("index_put/accumulate_slice", (4, 3), (), indices=[part(1, 3, None)],
              accumulate=True)


def add(cases: OpCases) -> None:
    add_along_dims(cases)
    add_brackets(cases)

"""Reading and writing at indices."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases


OPS: Dict[str, Callable[..., Tensor]] = {
    "gather": lambda x, index, dim: torch.gather(x, dim, index),
}


def add(cases: OpCases) -> None:
    cases.add("gather/dim0", (3, 4), torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]]), dim=0)
    cases.add("gather/dim1", (3, 4), torch.tensor([[3], [0], [2]]), dim=1)
    cases.add("gather/repeated", (2, 3), torch.tensor([[1, 1, 1, 0], [2, 0, 2, 2]]), dim=1)
    cases.add("gather/dim_last", (2, 2, 3), torch.tensor([[[2, 0], [1, 1]], [[0, 0], [2, 1]]]),
              dim=-1)

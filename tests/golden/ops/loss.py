"""Losses."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, doubles


LARGE = doubles([1000.0, 0.0, -1000.0], [999.0, 1000.0, 1001.0])


OPS: Dict[str, Callable[..., Tensor]] = {
    "mse_loss": F.mse_loss,
    "cross_entropy": F.cross_entropy,
}


def add(cases: OpCases) -> None:
    for reduction in ("mean", "sum", "none"):
        cases.add(f"mse_loss/{reduction}", (3, 4), (3, 4), reduction=reduction)
        cases.add(f"cross_entropy/{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  reduction=reduction)
    cases.add("cross_entropy/large", LARGE, torch.tensor([2, 0]), reduction="mean")

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
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}


def add(cases: OpCases) -> None:
    for reduction in ("mean", "sum", "none"):
        cases.add(f"mse_loss/{reduction}", (3, 4), (3, 4), reduction=reduction)
        cases.add(f"cross_entropy/{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  reduction=reduction)
    cases.add("cross_entropy/large", LARGE, torch.tensor([2, 0]), reduction="mean")

    labels = torch.tensor([3, 0, 1, -100, 2])
    weight = doubles(0.5, 2.0, 1.25, 0.25)
    for reduction in ("mean", "sum", "none"):
        cases.add(f"cross_entropy/ignored_{reduction}", (5, 4), labels, reduction=reduction)
        cases.add(f"cross_entropy/weighed_{reduction}", (5, 4), labels, weight=weight,
                  reduction=reduction)
        cases.add(f"cross_entropy/smoothed_{reduction}", (5, 4), labels, label_smoothing=0.3,
                  reduction=reduction)
        cases.add(f"cross_entropy/all_{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  weight=weight, ignore_index=1, label_smoothing=0.3, reduction=reduction)
    cases.add("cross_entropy/one_example", (4,), torch.tensor(2), reduction="mean")
    pixels = torch.tensor([[[0, 3, 1], [1, 2, 2]], [[-100, 1, 0], [3, 3, 0]]])
    for reduction in ("mean", "none"):
        cases.add(f"cross_entropy/images_{reduction}", (2, 4, 2, 3), pixels, weight=weight,
                  label_smoothing=0.1, reduction=reduction)
    cases.add("cross_entropy/many_classes", (3, 37), torch.tensor([36, 0, 20]), reduction="mean")

    for reduction in ("mean", "sum", "none"):
        shares = doubles([0.0, 1.0, 0.25], [1.0, 0.0, 0.5])
        name = f"binary_cross_entropy_with_logits/{reduction}"
        cases.add(name, (2, 3), shares, reduction=reduction)
        cases.add(name + "_weighed", (2, 3), shares, weight=doubles(0.5, 2.0, 1.0),
                  pos_weight=doubles(3.0, 1.0, 0.125), reduction=reduction)
    cases.add("binary_cross_entropy_with_logits/large", doubles(1000.0, -1000.0, 0.0, 50.0),
              doubles(1.0, 0.0, 1.0, 0.0), reduction="none")

"""Softmax and normalisation."""

from typing import Callable, Dict, List

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import Json, OpCases, Shape, doubles


LARGE = doubles([1000.0, 0.0, -1000.0], [999.0, 1000.0, 1001.0])


def batch_norm(x: Tensor, *weight_and_bias: Tensor, running_mean: Tensor, running_var: Tensor,
               **attrs: Json) -> Tensor:
    return F.batch_norm(x, running_mean, running_var, *weight_and_bias, **attrs)


OPS: Dict[str, Callable[..., Tensor]] = {
    "batch_norm": batch_norm,
    "log_softmax": torch.log_softmax,
}


def add(cases: OpCases) -> None:
    for shape in ((6, 3), (2, 3, 4), (2, 3, 4, 2)):
        for training in (True, False):
            for affine in (True, False):
                name = f"batch_norm/{len(shape)}d_{'training' if training else 'eval'}"
                name += "" if affine else "_not_affine"
                scale_and_shift: List[Shape] = [(3,), (3,)] if affine else []
                stats = {"running_mean": doubles(0.5, -0.25, 0.0),
                         "running_var": doubles(1.0, 0.5, 2.0)}
                cases.add(name, shape, *scale_and_shift, **stats, training=training,
                          momentum=0.1, eps=1e-5)
    cases.add("batch_norm/4d_training_eps_momentum", (2, 3, 4, 2), (3,), (3,), training=True,
              running_mean=doubles(0.5, -0.25, 0.0), running_var=doubles(1.0, 0.5, 2.0),
              momentum=0.3, eps=0.01)
    for dim in (0, 1, -1):
        cases.add(f"log_softmax/dim{dim}", (2, 3, 4), dim=dim)
    cases.add("log_softmax/large", LARGE, dim=1)

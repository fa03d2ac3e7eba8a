"""Pooling."""

from typing import Callable, Dict, Union

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, Shape, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "max_pool2d": F.max_pool2d,
    "avg_pool2d": F.avg_pool2d,
}


def add(cases: OpCases) -> None:
    def max_pool(name: str, x: Union[Shape, Tensor], kernel: Shape, stride: Shape,
                 padding: Shape = (0, 0), dilation: Shape = (1, 1)) -> None:
        cases.add(f"max_pool2d/{name}", x, kernel_size=list(kernel), stride=list(stride),
                  padding=list(padding), dilation=list(dilation))

    def avg_pool(name: str, x: Shape, kernel: Shape, stride: Shape, padding: Shape = (0, 0),
                 count_include_pad: bool = True) -> None:
        cases.add(f"avg_pool2d/{name}", x, kernel_size=list(kernel), stride=list(stride),
                  padding=list(padding), count_include_pad=count_include_pad)

    max_pool("2x2", (2, 2, 4, 4), (2, 2), (2, 2))
    max_pool("leftover", (1, 2, 5, 5), (2, 2), (2, 2))
    max_pool("overlapping", (1, 2, 6, 6), (3, 3), (2, 2))
    max_pool("stride1", (1, 1, 5, 5), (3, 3), (1, 1))
    max_pool("pad1", (2, 2, 5, 5), (3, 3), (2, 2), padding=(1, 1))
    max_pool("pad1_negative", doubles([[[-1.0, -2.0], [-3.0, -4.0]]]), (2, 2), (2, 2), (1, 1))
    max_pool("uneven", (1, 2, 6, 5), (3, 2), (2, 1), padding=(1, 0))
    max_pool("dilation2", (1, 2, 6, 6), (2, 2), (1, 1), dilation=(2, 2))
    max_pool("dilation2_pad1", (1, 2, 6, 6), (3, 3), (2, 2), padding=(1, 1), dilation=(2, 2))
    max_pool("ties", torch.ones(1, 1, 4, 4, dtype=torch.float64), (2, 2), (2, 2))
    max_pool("ties_overlapping", torch.ones(1, 1, 5, 5, dtype=torch.float64), (3, 3), (1, 1))
    avg_pool("2x2", (2, 2, 4, 4), (2, 2), (2, 2))
    avg_pool("leftover", (1, 2, 5, 5), (2, 2), (2, 2))
    avg_pool("overlapping", (1, 2, 6, 6), (3, 3), (2, 2))
    avg_pool("pad1_counted", (1, 2, 5, 5), (3, 3), (2, 2), padding=(1, 1))
    avg_pool("pad1_not_counted", (1, 2, 5, 5), (3, 3), (2, 2), (1, 1), count_include_pad=False)
    avg_pool("uneven_counted", (1, 2, 6, 5), (3, 2), (2, 1), padding=(1, 0))
    avg_pool("uneven_not_counted", (1, 2, 6, 5), (3, 2), (2, 1), (1, 0), count_include_pad=False)

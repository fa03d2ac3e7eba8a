"""Pooling."""

from typing import Callable, Dict, Union

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, Shape, doubles


OPS: Dict[str, Callable[..., Tensor]] = {
    "max_pool1d": F.max_pool1d,
    "max_pool2d": F.max_pool2d,
    "max_pool2d_indices": lambda x, **attrs: F.max_pool2d(x, return_indices=True, **attrs)[1],
    "avg_pool1d": F.avg_pool1d,
    "avg_pool2d": F.avg_pool2d,
    "adaptive_avg_pool1d": F.adaptive_avg_pool1d,
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool1d": F.adaptive_max_pool1d,
    "adaptive_max_pool2d": F.adaptive_max_pool2d,
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

    nans = doubles([[[1.0, float("nan"), 3.0], [4.0, 5.0, 2.0], [0.0, float("inf"), -1.0]]])
    cases.add("max_pool2d/default_stride", (2, 2, 4, 6), kernel_size=[2, 3])
    cases.add("max_pool2d/ceil", (1, 2, 5, 6), kernel_size=[2, 3], stride=[2, 2], ceil_mode=True)
    cases.add("max_pool2d/ceil_pad1", (1, 1, 6, 5), kernel_size=[3, 3], stride=[2, 3],
              padding=[1, 1], ceil_mode=True)
    cases.add("max_pool2d/unbatched", (2, 4, 4), kernel_size=[2, 2])
    cases.add("max_pool2d/nan", nans, kernel_size=[2, 2], stride=[1, 1])
    cases.add("max_pool2d_indices/plain", (2, 2, 4, 6), kernel_size=[2, 3])
    cases.add("max_pool2d_indices/pad_dilation", (1, 2, 6, 6), kernel_size=[3, 2], stride=[2, 1],
              padding=[1, 1], dilation=[2, 1])
    cases.add("max_pool2d_indices/ties", torch.ones(1, 4, 4, dtype=torch.float64),
              kernel_size=[2, 2])
    cases.add("max_pool2d_indices/nan", nans, kernel_size=[2, 2], stride=[1, 1])

    cases.add("max_pool1d/plain", (2, 2, 7), kernel_size=2)
    cases.add("max_pool1d/pad_dilation", (1, 2, 9), kernel_size=3, stride=2, padding=1, dilation=2)
    cases.add("max_pool1d/ceil", (2, 7), kernel_size=2, ceil_mode=True)

    cases.add("avg_pool2d/default_stride", (2, 2, 4, 6), kernel_size=[2, 3])
    cases.add("avg_pool2d/ceil", (1, 2, 5, 6), kernel_size=[2, 3], stride=[2, 2], ceil_mode=True)
    cases.add("avg_pool2d/ceil_pad1", (1, 1, 6, 5), kernel_size=[3, 3], stride=[2, 3],
              padding=[1, 1], ceil_mode=True)
    cases.add("avg_pool2d/ceil_pad1_not_counted", (1, 1, 6, 5), kernel_size=[3, 3],
              stride=[2, 3], padding=[1, 1], ceil_mode=True, count_include_pad=False)
    cases.add("avg_pool2d/divisor", (1, 2, 4, 4), kernel_size=[3, 2], padding=[1, 0],
              divisor_override=5)
    cases.add("avg_pool2d/unbatched", (2, 4, 4), kernel_size=[2, 2])
    cases.add("avg_pool2d/many_channels", (1, 21, 2, 2), kernel_size=[2, 2])

    cases.add("avg_pool1d/plain", (2, 2, 7), kernel_size=2)
    cases.add("avg_pool1d/pad_ceil", (1, 2, 8), kernel_size=3, stride=2, padding=1, ceil_mode=True)
    cases.add("avg_pool1d/not_counted", (2, 8), kernel_size=3, padding=1, count_include_pad=False)

    for kind in ("avg", "max"):
        cases.add(f"adaptive_{kind}_pool2d/even", (2, 2, 4, 6), output_size=[2, 3])
        cases.add(f"adaptive_{kind}_pool2d/uneven", (1, 2, 5, 7), output_size=[3, 4])
        cases.add(f"adaptive_{kind}_pool2d/larger", (1, 1, 2, 3), output_size=[5, 4])
        cases.add(f"adaptive_{kind}_pool2d/global", (2, 3, 3, 4), output_size=[1, 1])
        cases.add(f"adaptive_{kind}_pool2d/unbatched", (2, 3, 4), output_size=[2, 2])
        cases.add(f"adaptive_{kind}_pool1d/uneven", (2, 2, 7), output_size=3)
        cases.add(f"adaptive_{kind}_pool1d/unbatched", (2, 5), output_size=1)

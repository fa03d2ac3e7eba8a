"""Convolutions."""

from typing import Callable, Dict

import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, Shape


OPS: Dict[str, Callable[..., Tensor]] = {
    "conv2d": F.conv2d,
}


def add(cases: OpCases) -> None:
    def conv(name: str, *inputs: Shape, stride: Shape = (1, 1), padding: Shape = (0, 0),
             dilation: Shape = (1, 1), groups: int = 1) -> None:
        cases.add(f"conv2d/{name}", *inputs, stride=list(stride), padding=list(padding),
                  dilation=list(dilation), groups=groups)

    conv("plain", (1, 2, 5, 4), (3, 2, 3, 3), (3,))
    conv("batch", (2, 2, 4, 4), (3, 2, 3, 3), (3,))
    conv("no_bias", (2, 2, 4, 4), (2, 2, 3, 3))
    conv("pad1", (2, 2, 4, 4), (3, 2, 3, 3), (3,), padding=(1, 1))
    conv("stride2_pad1", (2, 3, 5, 5), (4, 3, 3, 3), (4,), stride=(2, 2), padding=(1, 1))
    conv("stride2_leftover", (1, 2, 6, 6), (2, 2, 3, 3), (2,), stride=(2, 2))
    conv("uneven", (1, 2, 6, 5), (2, 2, 3, 2), (2,), stride=(2, 1), padding=(0, 1))
    conv("pad_wide", (1, 1, 3, 3), (2, 1, 3, 3), (2,), padding=(2, 3))
    conv("dilation2", (1, 2, 6, 6), (2, 2, 3, 3), (2,), dilation=(2, 2))
    conv("dilation_uneven", (1, 2, 6, 6), (2, 2, 3, 3), (2,), stride=(2, 1), padding=(1, 2),
         dilation=(1, 2))
    conv("groups2", (2, 4, 4, 4), (4, 2, 3, 3), (4,), padding=(1, 1), groups=2)
    conv("depthwise", (1, 3, 5, 5), (3, 1, 3, 3), (3,), padding=(1, 1), groups=3)
    conv("depthwise_multiplier2", (1, 2, 5, 5), (4, 1, 3, 3), (4,), stride=(2, 2), groups=2)
    conv("1x1", (2, 3, 3, 4), (2, 3, 1, 1), (2,))
    conv("1x1_stride2", (2, 3, 4, 4), (2, 3, 1, 1), (2,), stride=(2, 2))
    conv("kernel_is_image", (2, 2, 4, 4), (3, 2, 4, 4), (3,))

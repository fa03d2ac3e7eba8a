"""Convolutions."""

from typing import Callable, Dict

import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, Shape


OPS: Dict[str, Callable[..., Tensor]] = {
    "conv1d": F.conv1d,
    "conv2d": F.conv2d,
    "conv_transpose1d": F.conv_transpose1d,
    "conv_transpose2d": F.conv_transpose2d,
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

    cases.add("conv2d/unbatched", (2, 4, 4), (3, 2, 3, 3), (3,))
    cases.add("conv2d/valid", (1, 2, 4, 4), (3, 2, 3, 3), (3,), padding="valid")
    cases.add("conv2d/same", (1, 2, 4, 5), (2, 2, 3, 3), (2,), padding="same")
    cases.add("conv2d/same_even", (1, 2, 4, 5), (2, 2, 2, 4), padding="same")
    cases.add("conv2d/same_dilated", (2, 2, 5, 5), (2, 1, 2, 3), padding="same",
              dilation=[3, 2], groups=2)

    cases.add("conv1d/plain", (2, 3, 7), (4, 3, 3), (4,))
    cases.add("conv1d/no_bias", (2, 3, 7), (4, 3, 3), stride=2, padding=1)
    cases.add("conv1d/dilation2", (1, 2, 8), (2, 2, 3), (2,), stride=2, padding=3, dilation=2)
    cases.add("conv1d/groups", (2, 4, 5), (4, 2, 2), (4,), groups=2)
    cases.add("conv1d/depthwise_same", (1, 3, 5), (3, 1, 4), (3,), padding="same", groups=3)
    cases.add("conv1d/unbatched", (2, 6), (3, 2, 3), (3,))

    cases.add("conv_transpose1d/plain", (2, 3, 4), (3, 2, 3), (2,))
    cases.add("conv_transpose1d/stride2", (1, 2, 4), (2, 2, 3), (2,), stride=2, padding=1,
              output_padding=1)
    cases.add("conv_transpose1d/groups_dilation", (2, 4, 3), (4, 1, 2), stride=3, groups=2,
              dilation=2, output_padding=2)
    cases.add("conv_transpose1d/unbatched", (2, 4), (2, 3, 2), (3,))

    cases.add("conv_transpose2d/plain", (1, 2, 3, 3), (2, 3, 2, 2), (3,))
    cases.add("conv_transpose2d/no_bias", (2, 2, 3, 2), (2, 2, 3, 3), padding=[1, 1])
    cases.add("conv_transpose2d/stride2", (1, 3, 3, 3), (3, 2, 3, 3), (2,), stride=[2, 2],
              padding=[1, 1], output_padding=[1, 1])
    cases.add("conv_transpose2d/uneven", (2, 2, 3, 2), (2, 2, 3, 2), (2,), stride=[3, 2],
              padding=[0, 1], output_padding=[2, 0])
    cases.add("conv_transpose2d/groups", (1, 4, 3, 3), (4, 2, 2, 2), (4,), stride=[2, 1], groups=2)
    cases.add("conv_transpose2d/dilation", (1, 2, 3, 3), (2, 2, 2, 2), (2,), dilation=[2, 3],
              padding=[1, 1])
    cases.add("conv_transpose2d/output_padding_of_dilation", (1, 2, 2, 2), (2, 2, 2, 2), (2,),
              stride=[1, 2], padding=[1, 1], output_padding=[2, 1], dilation=[3, 2])
    cases.add("conv_transpose2d/unbatched", (2, 3, 3), (2, 3, 2, 2), (3,))

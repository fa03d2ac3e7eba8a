"""Softmax and normalisation."""

from typing import Callable, Dict, List, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import Json, OpCases, Shape, doubles


LARGE = doubles([1000.0, 0.0, -1000.0], [999.0, 1000.0, 1001.0])
INF = float("inf")
INFINITE = doubles([-INF, 0.0, 1.0], [-INF, -INF, -INF], [INF, 0.0, 1.0], [float("nan"), 0.0, 1.0])


def batch_norm(x: Tensor, *weight_and_bias: Tensor, running_mean: Tensor, running_var: Tensor,
               **attrs: Json) -> Tensor:
    return F.batch_norm(x, running_mean, running_var, *weight_and_bias, **attrs)


def layer_norm(x: Tensor, *weight_and_bias: Tensor, shape: Shape, **attrs: Json) -> Tensor:
    return F.layer_norm(x, shape, *weight_and_bias, **attrs)


def group_norm(x: Tensor, *weight_and_bias: Tensor, num_groups: int, **attrs: Json) -> Tensor:
    return F.group_norm(x, num_groups, *weight_and_bias, **attrs)


def rms_norm(x: Tensor, *weight: Tensor, shape: Shape, eps: float) -> Tensor:
    """As PyTorch has it since 2.4."""
    dims = tuple(range(-len(shape), 0))
    y = x * torch.rsqrt((x * x).mean(dims, keepdim=True) + eps)
    return y * weight[0] if weight else y


def instance_norm(x: Tensor, *weight_and_bias: Tensor, running_mean: Optional[Tensor] = None,
                  running_var: Optional[Tensor] = None, **attrs: Json) -> Tensor:
    return F.instance_norm(x, running_mean, running_var, *weight_and_bias, **attrs)


def normalize(x: Tensor, p: Json = 2, **attrs: Json) -> Tensor:
    return F.normalize(x, float(p), **attrs)


OPS: Dict[str, Callable[..., Tensor]] = {
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "log_softmax": torch.log_softmax,
    "normalize": normalize,
    "rms_norm": rms_norm,
    "softmax": torch.softmax,
    "softmin": F.softmin,
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
    for dim in (0, 1, -1):
        cases.add(f"softmax/dim{dim}", (2, 3, 4), dim=dim)
    cases.add("softmax/large", LARGE, dim=1)
    cases.add("softmax/long_rows", (2, 21), dim=1)
    cases.add("softmax/0d", (), dim=0)
    for op in ("softmax", "log_softmax"):
        cases.add(f"{op}/infinite", INFINITE, dim=1)
    cases.add("softmin/dim1", (2, 3), dim=1)
    add_row_norms(cases)
    cases.add("normalize/default", (3, 4))
    cases.add("normalize/p1", (3, 4), p=1, dim=0)
    cases.add("normalize/p3", (2, 3, 2), p=3, dim=-1)
    cases.add("normalize/p_half", (3, 4), p=0.5)
    cases.add("normalize/inf", doubles([1.0, -3.0, 2.0], [-0.5, 0.25, 0.0]), p="inf")
    cases.add("normalize/zeros", torch.zeros(2, 3, dtype=torch.float64))
    cases.add("normalize/eps", (3, 4), eps=8.0)


def add_row_norms(cases: OpCases) -> None:
    cases.add("layer_norm/plain", (3, 5), (5,), (5,), shape=[5])
    cases.add("layer_norm/two_dims", (2, 3, 4), (3, 4), (3, 4), shape=[3, 4], eps=0.01)
    cases.add("layer_norm/no_bias", (3, 19), (19,), shape=[19])
    cases.add("layer_norm/not_affine", (2, 2, 4), shape=[4])
    cases.add("group_norm/plain", (2, 4, 3), (4,), (4,), num_groups=2)
    cases.add("group_norm/images", (2, 6, 3, 2), (6,), (6,), num_groups=3, eps=0.01)
    cases.add("group_norm/no_space", (2, 6), (6,), (6,), num_groups=2)
    cases.add("group_norm/one", (2, 3, 4), num_groups=1)
    cases.add("rms_norm/plain", (3, 5), (5,), shape=[5], eps=1e-6)
    cases.add("rms_norm/two_dims", (2, 3, 4), (3, 4), shape=[3, 4], eps=0.01)
    cases.add("rms_norm/not_affine", (2, 4), shape=[4], eps=2**-52)
    cases.add("instance_norm/plain", (2, 3, 5), (3,), (3,), eps=0.01)
    cases.add("instance_norm/images", (2, 2, 3, 2), (2,), (2,))
    cases.add("instance_norm/not_affine", (2, 2, 4))
    for training in (True, False):
        cases.add(f"instance_norm/{'training' if training else 'eval'}", (2, 2, 3, 2), (2,), (2,),
                  running_mean=doubles(0.5, -0.25), running_var=doubles(1.0, 0.5),
                  use_input_stats=training, momentum=0.3)

"""layers.json: layers as configs name them, against PyTorch's modules of the same options.

A case has the layer's config, its state dict (drawn), an input, and what training gives: output,
gradients of the input and of every parameter, the buffers afterwards; then, where it differs, the
output of evaluation.
"""

import zlib
from typing import Callable, Dict, List, Optional, Tuple, Union

import torch
from torch import Tensor, nn

from cases import ABOUT, Json, Lcg, as_json, draw, write_json


class RMSNorm(nn.Module):
    """As torch.nn.RMSNorm of later versions."""

    def __init__(self, normalized_shape: List[int], eps: Optional[float] = None,
                 elementwise_affine: bool = True) -> None:
        super().__init__()
        self.dims = tuple(range(-len(normalized_shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(normalized_shape)) if elementwise_affine else None

    def forward(self, x: Tensor) -> Tensor:
        eps = torch.finfo(x.dtype).eps if self.eps is None else self.eps
        y = x * torch.rsqrt(x.square().mean(self.dims, keepdim=True) + eps)
        return y if self.weight is None else y * self.weight


class Hardsigmoid(nn.Module):
    """The gradient of nn.Hardsigmoid is float32's 1/6 in float64 too."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu6(x + 3) / 6


def output_of(kind: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """A recurrent layer that gives its output without the last states."""

    class Output(kind):  # type: ignore[misc, valid-type]
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)[0]

    return Output


class Residual(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


CLASSES: Dict[str, Callable[..., nn.Module]] = {
    "adaptive_avg_pool2d": nn.AdaptiveAvgPool2d,
    "avg_pool2d": nn.AvgPool2d,
    "batch_norm1d": nn.BatchNorm1d,
    "batch_norm2d": nn.BatchNorm2d,
    "celu": nn.CELU,
    "conv1d": nn.Conv1d,
    "conv2d": nn.Conv2d,
    "conv_transpose2d": nn.ConvTranspose2d,
    "elu": nn.ELU,
    "embedding": nn.Embedding,
    "flatten": nn.Flatten,
    "gelu": nn.GELU,
    "glu": nn.GLU,
    "group_norm": nn.GroupNorm,
    "gru": output_of(nn.GRU),
    "hardshrink": nn.Hardshrink,
    "hardsigmoid": Hardsigmoid,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "identity": nn.Identity,
    "layer_norm": nn.LayerNorm,
    "leaky_relu": nn.LeakyReLU,
    "linear": nn.Linear,
    "log_sigmoid": nn.LogSigmoid,
    "log_softmax": nn.LogSoftmax,
    "lstm": output_of(nn.LSTM),
    "max_pool2d": nn.MaxPool2d,
    "mish": nn.Mish,
    "prelu": nn.PReLU,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "rms_norm": RMSNorm,
    "rnn": output_of(nn.RNN),
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softmax": nn.Softmax,
    "softplus": nn.Softplus,
    "softshrink": nn.Softshrink,
    "softsign": nn.Softsign,
    "tanh": nn.Tanh,
    "tanhshrink": nn.Tanhshrink,
    "threshold": nn.Threshold,
    "unflatten": nn.Unflatten,
}

# Each with its options, and the shape of its input or the input itself.
CASES: List[Tuple[Json, Union[Tuple[int, ...], Tensor]]] = [
    *(({"type": name}, (2, 4)) for name in (
        "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
        "identity", "leaky_relu", "log_sigmoid", "mish", "prelu", "relu", "relu6", "selu",
        "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh", "tanhshrink")),
    ({"type": "celu", "alpha": 0.5}, (2, 4)),
    ({"type": "elu", "alpha": 1.5}, (2, 4)),
    ({"type": "gelu", "approximate": "tanh"}, (2, 4)),
    ({"type": "glu", "dim": 1}, (2, 4, 3)),
    ({"type": "hardshrink", "lambd": 1.0}, (2, 4)),
    ({"type": "hardtanh", "min_val": -0.5, "max_val": 1.5}, (2, 4)),
    ({"type": "leaky_relu", "negative_slope": 0.25}, (2, 4)),
    ({"type": "prelu", "num_parameters": 3, "init": 0.125}, (2, 3, 2)),
    ({"type": "softplus", "beta": 2.0, "threshold": 3.0}, (2, 4)),
    ({"type": "softshrink", "lambd": 1.0}, (2, 4)),
    ({"type": "threshold", "threshold": 0.5, "value": -2.0}, (2, 4)),
    ({"type": "softmax", "dim": 1}, (2, 3, 2)),
    ({"type": "log_softmax", "dim": -1}, (2, 4)),
    ({"type": "batch_norm1d", "num_features": 3}, (4, 3)),
    ({"type": "batch_norm1d", "num_features": 3, "eps": 0.01, "momentum": 0.3}, (2, 3, 4)),
    ({"type": "batch_norm1d", "num_features": 3, "affine": False}, (4, 3)),
    ({"type": "batch_norm1d", "num_features": 3, "track_running_stats": False}, (4, 3)),
    ({"type": "batch_norm2d", "num_features": 2}, (2, 2, 3, 2)),
    ({"type": "layer_norm", "normalized_shape": [3, 2]}, (2, 3, 2)),
    ({"type": "layer_norm", "normalized_shape": [4], "elementwise_affine": False}, (2, 4)),
    ({"type": "group_norm", "num_groups": 2, "num_channels": 4}, (2, 4, 3)),
    ({"type": "group_norm", "num_groups": 1, "num_channels": 4, "eps": 0.01, "affine": False},
     (2, 4, 2, 2)),
    ({"type": "rms_norm", "normalized_shape": [4]}, (3, 4)),
    ({"type": "rms_norm", "normalized_shape": [2, 2], "eps": 0.01}, (3, 2, 2)),
    ({"type": "rms_norm", "normalized_shape": [4], "elementwise_affine": False}, (3, 4)),
    ({"type": "embedding", "num_embeddings": 5, "embedding_dim": 3},
     torch.tensor([[0, 4, 2], [2, 2, 1]])),
    ({"type": "adaptive_avg_pool2d", "output_size": [2, 3]}, (2, 2, 5, 4)),
    ({"type": "adaptive_avg_pool2d", "output_size": 1}, (2, 2, 3, 4)),
    ({"type": "max_pool2d", "kernel_size": 2, "ceil_mode": True}, (1, 2, 5, 3)),
    ({"type": "max_pool2d", "kernel_size": [2, 3], "stride": 1, "padding": 1, "dilation": [2, 1]},
     (1, 2, 5, 4)),
    ({"type": "avg_pool2d", "kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True,
      "count_include_pad": False}, (1, 2, 4, 6)),
    ({"type": "conv1d", "in_channels": 2, "out_channels": 3, "kernel_size": 3}, (2, 2, 6)),
    ({"type": "conv1d", "in_channels": 4, "out_channels": 2, "kernel_size": 2, "stride": 2,
      "padding": 3, "dilation": 2, "groups": 2, "bias": False}, (2, 4, 5)),
    ({"type": "conv2d", "in_channels": 2, "out_channels": 2, "kernel_size": [2, 3],
      "padding": [1, 0]}, (1, 2, 3, 4)),
    ({"type": "conv_transpose2d", "in_channels": 2, "out_channels": 3, "kernel_size": 2},
     (2, 2, 3, 2)),
    ({"type": "conv_transpose2d", "in_channels": 4, "out_channels": 2, "kernel_size": [3, 2],
      "stride": [2, 3], "padding": [1, 0], "output_padding": [1, 2], "groups": 2, "bias": False,
      "dilation": [1, 2]}, (1, 4, 3, 2)),
    *(({"type": name, "input_size": 2, "hidden_size": 3}, (3, 2, 2)) for name in (
        "rnn", "lstm", "gru")),
    *(({"type": name, "input_size": 3, "hidden_size": 2, "num_layers": 2, "bidirectional": True,
        "batch_first": True}, (2, 3, 3)) for name in ("rnn", "lstm", "gru")),
    ({"type": "rnn", "input_size": 2, "hidden_size": 3, "nonlinearity": "relu", "bias": False},
     (3, 2, 2)),
    ({"type": "lstm", "input_size": 2, "hidden_size": 3, "bias": False}, (4, 2)),
    ({"type": "linear", "in_features": 3, "out_features": 2}, (4, 3)),
    ({"type": "flatten", "start_dim": 1, "end_dim": 2}, (2, 2, 3, 2)),
    ({"type": "unflatten", "dim": 1, "sizes": [3, -1]}, (2, 6)),
    ({"type": "residual", "layers": [{"type": "linear", "in_features": 3, "out_features": 4},
                                     {"type": "relu"},
                                     {"type": "linear", "in_features": 4, "out_features": 3}]},
     (2, 3)),
    ({"type": "sequential", "layers": [
        {"type": "linear", "in_features": 3, "out_features": 4},
        {"type": "sequential", "layers": [
            {"type": "batch_norm1d", "num_features": 4}, {"type": "relu"},
            {"type": "residual", "layers": [{"type": "tanh"}]}]}]}, (3, 3)),
]


def make(config: Json) -> nn.Module:
    options = {key: value for key, value in config.items() if key != "type"}
    if config["type"] == "residual":
        return Residual(*map(make, options["layers"]))
    if config["type"] == "sequential":
        return nn.Sequential(*map(make, options["layers"]))
    if config["type"] == "unflatten":
        return nn.Unflatten(options["dim"], options["sizes"])
    return CLASSES[config["type"]](**options)


def fill(module: nn.Module, lcg: Lcg) -> None:
    """Draws the parameters and the running statistics."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(draw(lcg, tensor.shape, name.endswith("running_var")))


def state_of(module: nn.Module) -> Json:
    return {name: as_json(tensor) for name, tensor in module.state_dict().items()}


def case(config: Json, of: Union[Tuple[int, ...], Tensor]) -> Json:
    lcg = Lcg(zlib.crc32(str(config).encode()))
    module = make(config).double()
    fill(module, lcg)
    result: Dict[str, Json] = {"config": config, "state": state_of(module)}
    x = of if isinstance(of, Tensor) else draw(lcg, of, False).requires_grad_()
    y = module(x)
    weights = draw(lcg, y.shape, False)
    y.backward(weights)
    result.update({
        "input": as_json(x), "output": as_json(y), "grad_output": as_json(weights),
        "input_grad": as_json(x.grad) if x.requires_grad else None,
        "grads": {name: as_json(p.grad) for name, p in module.named_parameters()},
        "buffers": {name: as_json(b) for name, b in module.named_buffers()},
    })
    module.eval()
    evaluated = module(x)
    if not torch.equal(evaluated, y):
        result["evaluated"] = as_json(evaluated)
    return result


def write_layers() -> None:
    cases = [case(config, of) for config, of in CASES]
    write_json("layers.json", {"about": ABOUT, "cases": cases}, depth=2)

"""layers.json: layers as configs name them, against PyTorch's modules of the same options; and
attention of one sequence to another, under masks.

A case has the layer's config, its state dict (drawn), an input, and what training gives: output,
gradients of the input and of every parameter, the buffers afterwards; then, where it differs, the
output of evaluation.
"""

import math
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


def later(length: int) -> Tensor:
    """The mask of what a place may not see: all that come after it."""
    return torch.ones(length, length, dtype=torch.bool).triu(1)


class SelfAttention(nn.MultiheadAttention):
    def __init__(self, *args: Json, is_causal: bool = False, **options: Json) -> None:
        super().__init__(*args, **options)
        self.is_causal = is_causal

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-2 if self.batch_first else 0]
        mask = later(length) if self.is_causal else None
        return super().forward(x, x, x, attn_mask=mask)[0]


class EncoderLayer(nn.TransformerEncoderLayer):
    def __init__(self, *args: Json, is_causal: bool = False, **options: Json) -> None:
        super().__init__(*args, **options)
        self.is_causal = is_causal

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-2 if self.self_attn.batch_first else 0]
        return super().forward(x, later(length) if self.is_causal else None)


class CausalSelfAttention(nn.Module):
    """As in nanoGPT, without its dropout."""

    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width, bias=bias)
        self.c_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = (part.view(n, length, self.heads, width // self.heads).transpose(1, 2)
                   for part in self.c_attn(x).split(width, 2))
        scores = q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)
        weights = scores.masked_fill(later(length), -math.inf).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(n, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int, bias: bool, approximate: str) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width, bias=bias)
        self.gelu = nn.GELU(approximate)
        self.c_proj = nn.Linear(4 * width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.gelu(self.c_fc(x)))


class LayerNorm(nn.Module):
    """As torch.nn.LayerNorm of later versions, which may have no bias."""

    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.layer_norm(x, self.weight.shape, self.weight, self.bias)


class DecoderBlock(nn.Module):
    def __init__(self, d_model: int, nhead: int, bias: bool = True, approximate: str = "none",
                 blocks: int = 1) -> None:
        super().__init__()
        assert blocks >= 1  # it decides on the first weights, which are drawn anew
        self.ln_1 = LayerNorm(d_model, bias)
        self.attn = CausalSelfAttention(d_model, nhead, bias)
        self.ln_2 = LayerNorm(d_model, bias)
        self.mlp = Mlp(d_model, bias, approximate)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


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
    "multihead_attention": SelfAttention,
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
    "transformer_decoder_block": DecoderBlock,
    "transformer_encoder_layer": EncoderLayer,
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
    ({"type": "embedding", "num_embeddings": 4, "embedding_dim": 2, "padding_idx": -2},
     torch.tensor([0, 2, 3, 2])),
    ({"type": "multihead_attention", "embed_dim": 4, "num_heads": 2}, (3, 2, 4)),
    ({"type": "multihead_attention", "embed_dim": 6, "num_heads": 3, "bias": False,
      "batch_first": True, "is_causal": True}, (2, 4, 6)),
    ({"type": "multihead_attention", "embed_dim": 4, "num_heads": 1, "is_causal": True}, (3, 4)),
    ({"type": "transformer_encoder_layer", "d_model": 4, "nhead": 2, "dim_feedforward": 5,
      "dropout": 0.0}, (3, 2, 4)),
    ({"type": "transformer_encoder_layer", "d_model": 4, "nhead": 2, "dim_feedforward": 6,
      "dropout": 0.0, "activation": "gelu", "layer_norm_eps": 0.01, "batch_first": True,
      "norm_first": True, "is_causal": True}, (2, 3, 4)),
    ({"type": "transformer_decoder_block", "d_model": 4, "nhead": 2}, (2, 3, 4)),
    ({"type": "transformer_decoder_block", "d_model": 4, "nhead": 1, "bias": False,
      "approximate": "tanh", "blocks": 2}, (1, 4, 4)),
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
    ({"type": "conv1d", "in_channels": 2, "out_channels": 2, "kernel_size": 4, "dilation": 2,
      "padding": "same"}, (1, 2, 7)),
    ({"type": "conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": [2, 3],
      "padding": "same"}, (1, 1, 3, 4)),
    ({"type": "conv2d", "in_channels": 1, "out_channels": 2, "kernel_size": 2,
      "padding": "valid"}, (1, 1, 3, 3)),
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
    """Draws the parameters and the running statistics; small ones for whole blocks, in whose sums
    large numbers would cancel each other."""
    blocks = (nn.MultiheadAttention, EncoderLayer, DecoderBlock)
    scale = 0.25 if isinstance(module, blocks) else 1.0
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(draw(lcg, tensor.shape, name.endswith("running_var")) * scale)


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


def padding_mask() -> Tensor:
    """Of two samples with four keys each."""
    return torch.tensor([[False, False, True, True], [False, True, False, False]])


# Options of the module and masks of the call; queries [2, 3, 4], keys and values [2, 4, 4] where
# the batch comes first.
ATTENTIONS: List[Tuple[Json, Dict[str, Tensor]]] = [
    ({}, {}),
    ({"batch_first": True, "bias": False}, {"key_padding_mask": padding_mask()}),
    ({"batch_first": True}, {"attn_mask": torch.ones(3, 4, dtype=torch.bool).triu(2)}),
    ({}, {"attn_mask": draw(Lcg(7), (3, 4), False), "key_padding_mask": padding_mask()}),
    ({"batch_first": True}, {"attn_mask": draw(Lcg(8), (2 * 2, 3, 4), False)}),
]


def attention(options: Json, masks: Dict[str, Tensor], number: int) -> Json:
    lcg = Lcg(number)
    module = nn.MultiheadAttention(4, 2, **options).double()
    fill(module, lcg)
    first = options.get("batch_first", False)
    inputs = [draw(lcg, (2, length, 4) if first else (length, 2, 4), False).requires_grad_()
              for length in (3, 4, 4)]
    y, weights = module(*inputs, **masks, need_weights=True)
    _, by_head = module(*inputs, **masks, need_weights=True, average_attn_weights=False)
    gradient = draw(lcg, y.shape, False)
    y.backward(gradient)
    return {
        "options": options, "masks": {name: as_json(mask) for name, mask in masks.items()},
        "state": state_of(module), "inputs": [as_json(x) for x in inputs],
        "output": as_json(y), "weights": as_json(weights), "weights_by_head": as_json(by_head),
        "grad_output": as_json(gradient), "input_grads": [as_json(x.grad) for x in inputs],
        "grads": {name: as_json(p.grad) for name, p in module.named_parameters()},
    }


def write_layers() -> None:
    cases = [case(config, of) for config, of in CASES]
    attentions = [attention(*each, number) for number, each in enumerate(ATTENTIONS)]
    write_json("layers.json", {"about": ABOUT, "cases": cases, "attentions": attentions}, depth=2)

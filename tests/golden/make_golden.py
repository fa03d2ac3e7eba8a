"""Write the golden files of this folder with PyTorch.

Debian 12 packages: python3-torch (1.13.1), dataset-fashion-mnist. From the top of the repository:

    python3 tests/golden/make_golden.py [--data FOLDER] [FILE...]

FILE is one or more of training, ops, optimizers, mlp_small; all of them when none is named.

A tensor is written as {"shape": [...], "values": [row-major], "dtype": "int64"}; without "dtype"
it is float64. Numbers have as many digits as it takes to read the same double back, but float32
results have nine. Drawn numbers come from one linear congruential generator, see Lcg.
"""

import argparse
import functools
import gzip
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
DEFAULT_DATA = Path("/usr/share/datasets/fashion-mnist")
ABOUT = f"made by make_golden.py with PyTorch {torch.__version__} (Debian's python3-torch)"

Json = Any
Shape = Tuple[int, ...]


# --- Shared helpers -----------------------------------------------------------------------------


class Lcg:
    """Numbers that any language can draw again bit for bit."""

    def __init__(self, state: int = 1) -> None:
        self.state = state

    def bits(self) -> int:
        """The next 24 random bits."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 40

    def uniform(self, shape: Sequence[int], bound: float) -> Tensor:
        """A float32 tensor in [-bound, bound), drawn in double and then rounded."""
        values = [(2 * (self.bits() / 2**24) - 1) * bound for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float64).reshape(*shape).to(torch.float32)


def dump(value: Json, depth: int) -> str:
    """Compact JSON, with the outer `depth` levels one entry a line. Refuses inf and nan."""
    if depth == 0 or not isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {dump(item, depth - 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(entries) + "\n}"
    return "[\n" + ",\n".join(dump(item, depth - 1) for item in value) + "\n]"


def write_json(name: str, value: Json, depth: int) -> None:
    (HERE / name).write_text(dump(value, depth) + "\n", encoding="ascii")


def nine_digits(value: float) -> float:
    return float(f"{value:.9g}")


def as_json(tensor: Tensor) -> Json:
    values = tensor.detach().flatten().tolist()
    if tensor.dtype == torch.float32:
        values = [nine_digits(value) for value in values]
    result: Dict[str, Json] = {"shape": list(tensor.shape), "values": values}
    if tensor.dtype == torch.int64:
        result["dtype"] = "int64"
    return result


def fill_parameters(model: nn.Module, seed: int = 1) -> None:
    """Draws every layer's weight and bias from one stream, bound 1/sqrt(fan_in)."""
    lcg = Lcg(seed)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.Linear, nn.Conv2d)):
                bound = 1 / math.sqrt(layer.weight[0].numel())
                layer.weight.copy_(lcg.uniform(layer.weight.shape, bound))
                layer.bias.copy_(lcg.uniform(layer.bias.shape, bound))


# --- training.json ------------------------------------------------------------------------------

STEPS = 50
BATCH = 64

OPTIMIZERS: Dict[str, Tuple[Callable[..., torch.optim.Optimizer], Dict[str, Json]]] = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 1e-2}),
}

MLP_SEED = 1
MLP_LR = {"sgd": 0.01, "adam": 1e-3, "adamw": 1e-3}

# The cnn has 2.4 million ReLU inputs a batch, and max-pools. Where one of them is about zero, or
# two values of a pool about tie, rounding decides where the gradient flows: float32 runs that only
# sum in another order fork there, and drift further apart with every update. With seed 1 and the
# rates of the mlp they end up to 2e-2 apart. Smaller rates make forks fewer and slower to grow, and
# this seed has none that matters: float64, float32 without mkldnn, and float32 with channels and
# samples in another order, also with weights 1e-7 off, all stay within 2e-6 of the float32 losses
# written. Of nine other seeds at these rates seven had a run more than 1e-5 away, so check again
# after changing a seed or a rate.
CNN_SEED = 10
CNN_LR = {"sgd": 0.003, "adam": 1e-4, "adamw": 1e-4}


def make_mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 256), nn.ReLU(),
        nn.Linear(256, 128), nn.ReLU(),
        nn.Linear(128, 10),
    )


def make_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3136, 128), nn.ReLU(),
        nn.Linear(128, 10),
    )


@functools.lru_cache(maxsize=None)
def initial_state(make_model: Callable[[], nn.Module], seed: int) -> Dict[str, Tensor]:
    model = make_model()
    fill_parameters(model, seed)
    return model.state_dict()


def read_idx(path: Path, header: int, count: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(header + count), dtype=np.uint8, offset=header)


def load_batches(data: Path) -> List[Tuple[Tensor, Tensor]]:
    """The first batches of the training set in file order, normalized in float32."""
    count = STEPS * BATCH
    pixels = read_idx(data / "train-images-idx3-ubyte.gz", 16, count * 784).astype(np.float32)
    labels = read_idx(data / "train-labels-idx1-ubyte.gz", 8, count).astype(np.int64)
    scaled = (pixels / np.float32(255) - np.float32(0.2860)) / np.float32(0.3530)
    images = torch.from_numpy(scaled).reshape(count, 1, 28, 28)
    return list(zip(images.split(BATCH), torch.from_numpy(labels).split(BATCH)))


def train(make_model: Callable[[], nn.Module], seed: int,
          make_optimizer: Callable[..., torch.optim.Optimizer], options: Dict[str, Json],
          batches: List[Tuple[Tensor, Tensor]], dtype: torch.dtype) -> List[float]:
    """The loss of each step, before its update."""
    model = make_model()
    model.load_state_dict(initial_state(make_model, seed))
    model.to(dtype)
    optimizer = make_optimizer(model.parameters(), **options)
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images.to(dtype)), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def write_training(data: Path) -> None:
    batches = load_batches(data)
    result: Dict[str, Json] = {"about": {"about": ABOUT, "steps": STEPS, "batch": BATCH}}
    for model_name, make_model, seed, rates in (("mlp", make_mlp, MLP_SEED, MLP_LR),
                                                ("cnn", make_cnn, CNN_SEED, CNN_LR)):
        result[model_name] = {}
        for name, (make_optimizer, other_options) in OPTIMIZERS.items():
            options = {"lr": rates[name], **other_options}
            single, double = (train(make_model, seed, make_optimizer, options, batches, dtype)
                              for dtype in (torch.float32, torch.float64))
            worst = max(abs(s - d) / abs(d) for s, d in zip(single, double))
            print(f"{model_name} {name}: float32 and float64 differ by {worst:.2e} at most, "
                  f"loss {double[0]:.4f} to {double[-1]:.4f}")
            result[model_name][name] = {
                "seed": seed,
                "options": options,
                "losses": [nine_digits(loss) for loss in single],
                "losses_f64": double,
            }
    write_json("training.json", result, depth=3)


# --- ops.json -----------------------------------------------------------------------------------


def max_values(x: Tensor, **attrs: Json) -> Tensor:
    return torch.max(x, **attrs).values if attrs else torch.max(x)


def slice_dim(x: Tensor, dim: int, start: int, end: int, step: int) -> Tensor:
    return x[(slice(None),) * dim + (slice(start, end, step),)]


def batch_norm(x: Tensor, *weight_and_bias: Tensor, running_mean: Tensor, running_var: Tensor,
               **attrs: Json) -> Tensor:
    return F.batch_norm(x, running_mean, running_var, *weight_and_bias, **attrs)


OPS: Dict[str, Callable[..., Tensor]] = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "neg": torch.neg, "abs": torch.abs,
    "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
    "sum": torch.sum, "mean": torch.mean, "max": max_values, "argmax": torch.argmax,
    "matmul": torch.matmul, "linear": F.linear, "conv2d": F.conv2d,
    "max_pool2d": F.max_pool2d, "avg_pool2d": F.avg_pool2d, "batch_norm": batch_norm,
    "log_softmax": torch.log_softmax,
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "transpose": lambda x, dim0, dim1: torch.transpose(x, dim0, dim1),
    "permute": lambda x, dims: torch.permute(x, dims),
    "slice": slice_dim,
    "cat": lambda *tensors, dim: torch.cat(tensors, dim),
    "gather": lambda x, index, dim: torch.gather(x, dim, index),
    "mse_loss": F.mse_loss, "cross_entropy": F.cross_entropy,
}


class OpCases:
    """Collects cases. A case's numbers depend on its name alone, not on the cases before it."""

    def __init__(self) -> None:
        self.cases: List[Json] = []

    def add(self, name: str, *inputs: Union[Shape, Tensor], positive: Sequence[int] = (),
            **attrs: Json) -> None:
        """One case of the op that `name` starts with.

        An input is a tensor, or the shape of one to draw (positive if its place is in `positive`).
        Tensors among `attrs` are written too; one that the op changes as NAME_after as well.
        """
        lcg = Lcg(zlib.crc32(name.encode()))
        tensors = [item.clone() if isinstance(item, Tensor) else draw(lcg, item, i in positive)
                   for i, item in enumerate(inputs)]
        for tensor in tensors:
            tensor.requires_grad_(tensor.is_floating_point())
        written = {key: as_json(item) if isinstance(item, Tensor) else item
                   for key, item in attrs.items()}
        op = name.split("/")[0]
        output = OPS[op](*tensors, **attrs)
        for key, item in attrs.items():
            if isinstance(item, Tensor) and as_json(item) != written[key]:
                written[key + "_after"] = as_json(item)
        grad_output = None
        if output.requires_grad:
            grad_output = draw(lcg, output.shape, False)
            output.backward(grad_output)
        self.cases.append({
            "name": name, "op": op, "inputs": [as_json(tensor) for tensor in tensors],
            "attrs": written, "output": as_json(output),
            "grad_output": None if grad_output is None else as_json(grad_output),
            "grads": [None if t.grad is None else as_json(t.grad) for t in tensors],
        })


def draw(lcg: Lcg, shape: Sequence[int], positive: bool) -> Tensor:
    """Multiples of 1/256, so exact in float32, of magnitude 1/4 to 2."""
    values = []
    for _ in range(math.prod(shape)):
        bits = lcg.bits()
        sign = 1 if positive or bits % 2 == 0 else -1
        values.append(sign * (64 + (bits >> 1) % 449) / 256)
    return torch.tensor(values, dtype=torch.float64).reshape(tuple(shape))


def doubles(*values: Json) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def add_elementwise(cases: OpCases) -> None:
    for op in ("add", "sub", "mul", "div"):
        cases.add(f"{op}/same_shape", (2, 3), (2, 3))
        cases.add(f"{op}/both_broadcast", (3, 1), (1, 4))
        cases.add(f"{op}/trailing", (2, 3), (3,))
        cases.add(f"{op}/leading", (3,), (2, 1, 3))
        cases.add(f"{op}/middle", (2, 1, 3), (4, 1))
        cases.add(f"{op}/scalar_right", (2, 3), ())
        cases.add(f"{op}/scalar_left", (), (2, 3))
        cases.add(f"{op}/scalars", (), ())
    for exponent in (2.0, 0.5, -1.0, 3.0):
        positive = [0] if exponent == 0.5 else []
        cases.add(f"pow/scalar_{exponent:g}", (2, 4), positive=positive, exponent=exponent)
    cases.add("pow/tensor", (2, 3), (2, 3), positive=[0])
    cases.add("pow/tensor_broadcast", (3, 1), (1, 4), positive=[0])
    for op in ("exp", "log", "sqrt", "neg", "abs", "relu", "sigmoid", "tanh"):
        positive = [0] if op in ("log", "sqrt") else []
        cases.add(f"{op}/matrix", (3, 4), positive=positive)
        cases.add(f"{op}/scalar", (), positive=positive)
    for op in ("abs", "relu"):
        cases.add(f"{op}/zero", doubles(-1.5, 0.0, 1.5))
    for op in ("sigmoid", "tanh"):
        cases.add(f"{op}/large", doubles(-800.0, -40.0, 0.0, 40.0, 800.0))


def add_reductions(cases: OpCases) -> None:
    for op in ("sum", "mean"):
        cases.add(f"{op}/all", (2, 3, 4))
        cases.add(f"{op}/all_scalar", ())
        cases.add(f"{op}/dim1", (2, 3, 4), dim=[1], keepdim=False)
        cases.add(f"{op}/dim1_keepdim", (2, 3, 4), dim=[1], keepdim=True)
        cases.add(f"{op}/dim_last", (2, 3, 4), dim=[-1], keepdim=False)
        cases.add(f"{op}/dims_0_2", (2, 3, 4), dim=[0, 2], keepdim=False)
        cases.add(f"{op}/dims_0_2_keepdim", (2, 3, 4), dim=[0, 2], keepdim=True)
    ties = doubles([1.0, 3.0, 3.0, 2.0], [2.0, 2.0, 0.5, 2.0], [-1.0, -1.0, -1.0, -1.0])
    for op in ("max", "argmax"):
        cases.add(f"{op}/all", (3, 4))
        cases.add(f"{op}/all_ties", ties)
        cases.add(f"{op}/dim0", (3, 4), dim=0, keepdim=False)
        cases.add(f"{op}/dim1_keepdim", (2, 3, 4), dim=1, keepdim=True)
        cases.add(f"{op}/dim_last", (2, 3, 4), dim=-1, keepdim=False)
        cases.add(f"{op}/ties_dim0", ties, dim=0, keepdim=False)
        cases.add(f"{op}/ties_dim1", ties, dim=1, keepdim=False)


def add_products(cases: OpCases) -> None:
    cases.add("matmul/dot", (4,), (4,))
    cases.add("matmul/matrix", (3, 4), (4, 2))
    cases.add("matmul/vector_matrix", (4,), (4, 3))
    cases.add("matmul/matrix_vector", (3, 4), (4,))
    cases.add("matmul/batched", (2, 3, 4), (2, 4, 2))
    cases.add("matmul/batch_matrix", (2, 3, 4), (4, 2))
    cases.add("matmul/matrix_batch", (3, 4), (2, 4, 2))
    cases.add("matmul/batch_vector", (2, 3, 4), (4,))
    cases.add("matmul/vector_batch", (4,), (2, 4, 3))
    cases.add("matmul/broadcast_batch", (2, 1, 3, 4), (3, 4, 2))
    cases.add("linear/bias", (3, 4), (2, 4), (2,))
    cases.add("linear/no_bias", (3, 4), (2, 4))
    cases.add("linear/3d_bias", (2, 3, 4), (5, 4), (5,))
    cases.add("linear/3d_no_bias", (2, 3, 4), (5, 4))
    cases.add("linear/1d_bias", (4,), (2, 4), (2,))


def add_convolutions(cases: OpCases) -> None:
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


def add_pools(cases: OpCases) -> None:
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


def add_batch_norm(cases: OpCases) -> None:
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


def add_shapes(cases: OpCases) -> None:
    cases.add("reshape/flatten", (2, 3, 4), shape=[24])
    cases.add("reshape/infer", (2, 3, 4), shape=[4, -1])
    cases.add("reshape/scalar", (1, 1), shape=[])
    cases.add("transpose/matrix", (2, 3), dim0=0, dim1=1)
    cases.add("transpose/negative", (2, 3, 4), dim0=0, dim1=-1)
    cases.add("permute/3d", (2, 3, 4), dims=[2, 0, 1])
    cases.add("permute/negative", (2, 1, 3, 2), dims=[0, -1, 1, 2])
    cases.add("slice/rows", (5, 3), dim=0, start=1, end=4, step=1)
    cases.add("slice/step2", (3, 7), dim=1, start=1, end=6, step=2)
    cases.add("slice/step3_past_end", (2, 3, 7), dim=2, start=0, end=100, step=3)
    cases.add("slice/negative", (3, 7), dim=1, start=-5, end=-1, step=2)
    cases.add("cat/dim0", (2, 3), (1, 3), (3, 3), dim=0)
    cases.add("cat/dim1", (2, 1, 2), (2, 3, 2), dim=1)
    cases.add("cat/dim_last", (2, 3), (2, 2), dim=-1)
    cases.add("gather/dim0", (3, 4), torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]]), dim=0)
    cases.add("gather/dim1", (3, 4), torch.tensor([[3], [0], [2]]), dim=1)
    cases.add("gather/repeated", (2, 3), torch.tensor([[1, 1, 1, 0], [2, 0, 2, 2]]), dim=1)
    cases.add("gather/dim_last", (2, 2, 3), torch.tensor([[[2, 0], [1, 1]], [[0, 0], [2, 1]]]),
              dim=-1)


def add_losses(cases: OpCases) -> None:
    large = doubles([1000.0, 0.0, -1000.0], [999.0, 1000.0, 1001.0])
    for dim in (0, 1, -1):
        cases.add(f"log_softmax/dim{dim}", (2, 3, 4), dim=dim)
    cases.add("log_softmax/large", large, dim=1)
    for reduction in ("mean", "sum", "none"):
        cases.add(f"mse_loss/{reduction}", (3, 4), (3, 4), reduction=reduction)
        cases.add(f"cross_entropy/{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  reduction=reduction)
    cases.add("cross_entropy/large", large, torch.tensor([2, 0]), reduction="mean")


def write_ops() -> None:
    cases = OpCases()
    for add in (add_elementwise, add_reductions, add_products, add_convolutions, add_pools,
                add_batch_norm, add_shapes, add_losses):
        add(cases)
    write_json("ops.json", {"about": ABOUT, "cases": cases.cases}, depth=2)


# --- optimizers.json ----------------------------------------------------------------------------

VARIANTS: Dict[str, Dict[str, Json]] = {
    "sgd/plain": {"lr": 0.05},
    "sgd/momentum": {"lr": 0.05, "momentum": 0.9},
    "sgd/dampening": {"lr": 0.05, "momentum": 0.9, "dampening": 0.3},
    "sgd/nesterov": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "sgd/weight_decay": {"lr": 0.05, "weight_decay": 0.1},
    "sgd/momentum_weight_decay": {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1},
    "adam/default": {},
    "adam/lr": {"lr": 0.1},
    "adam/weight_decay": {"lr": 0.1, "weight_decay": 0.1},
    "adam/betas_eps": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-3},
    "adam/amsgrad": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-3, "amsgrad": True},
    "adamw/default": {},
    "adamw/weight_decay": {"lr": 0.1, "weight_decay": 0.1},
    "adamw/betas_eps": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-3},
    "adamw/amsgrad": {"lr": 0.1, "betas": [0.8, 0.9], "eps": 1e-3, "amsgrad": True},
}
OPTIMIZER_CLASSES: Dict[str, Callable[..., torch.optim.Optimizer]] = {
    name: make for name, (make, _) in OPTIMIZERS.items()
}


def run_variant(name: str, initial: List[Tensor], a: List[Tensor], c: List[Tensor]) -> Json:
    options = VARIANTS[name]
    kind = name.split("/")[0]
    parameters = [nn.Parameter(tensor.clone()) for tensor in initial]
    optimizer = OPTIMIZER_CLASSES[kind](parameters, **options)
    after = {}
    for step in range(1, 101):
        for i, parameter in enumerate(parameters):
            value = parameter.detach()
            parameter.grad = a[i] * (value - c[i]) + torch.cos(value)
        optimizer.step()
        if step in (1, 10, 100):
            after[str(step)] = {key: as_json(p) for key, p in zip("wb", parameters)}
    return {"name": name, "optimizer": kind, "options": options, "after": after}


def write_optimizers() -> None:
    """Minimizes the sum over w and b of 0.5 * a * (p - c)^2 + sin(p)."""
    lcg = Lcg()

    def pair(offset: float) -> List[Tensor]:
        return [lcg.uniform(shape, 1).double() + offset for shape in ((3, 4), (3,))]

    initial, a, c = pair(0), pair(1), pair(0)
    problem = {name: {key: as_json(tensor) for key, tensor in zip("wb", tensors)}
               for name, tensors in (("initial", initial), ("a", a), ("c", c))}
    variants = [run_variant(name, initial, a, c) for name in VARIANTS]
    write_json("optimizers.json", {"about": ABOUT, **problem, "variants": variants}, depth=2)


# --- mlp_small.safetensors, mlp_small.json ------------------------------------------------------


def safetensors_bytes(state: Dict[str, Tensor]) -> bytes:
    """float32 tensors in the safetensors format."""
    header: Dict[str, Json] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in state.items():
        raw = tensor.numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def write_mlp_small() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    fill_parameters(model)
    (HERE / "mlp_small.safetensors").write_bytes(safetensors_bytes(model.state_dict()))
    x = draw(Lcg(2), (2, 4), False).float()
    result = {"about": ABOUT, "input": as_json(x), "output": as_json(model(x))}
    write_json("mlp_small.json", result, depth=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the golden files with PyTorch.")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="Fashion-MNIST files")
    parser.add_argument("files", nargs="*", metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    writers: Dict[str, Callable[[], None]] = {
        "training": lambda: write_training(arguments.data),
        "ops": write_ops,
        "optimizers": write_optimizers,
        "mlp_small": write_mlp_small,
    }
    for name in arguments.files or writers:
        writers[name]()


if __name__ == "__main__":
    main()

"""state_dicts.json: models written in PyTorch's own terms, as whoever has weights for them writes
them, with the names, shapes and dtypes of their state_dict() and what they make of an input; and
what PyTorch's optimizers call their state.

The weights are not in the file: a tensor's numbers are drawn from its name alone (fill), so that
any order of the names gives the same.
"""

import math
import zlib
from typing import Any, Callable, Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cases import ABOUT, Json, Lcg, as_json, draw, write_json


def fill(model: nn.Module) -> None:
    """Draws every floating tensor; those of one dim are about 1 where they scale."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                tensor.fill_(7)
                continue
            fan_in = tensor[0].numel() if tensor.dim() > 1 else 4
            values = Lcg(zlib.crc32(name.encode())).uniform(tensor.shape, 1 / math.sqrt(fan_in))
            scales = name.endswith("running_var") or (tensor.dim() == 1 and name.endswith("weight"))
            tensor.copy_(1 + values if scales else values)


# ---- Models ------------------------------------------------------------------------------------


class Linear(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(),
                         nn.Linear(8, 5))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(6 * 2 * 2, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 5))


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc3(torch.tanh(self.fc2(x)))


class BasicBlock(nn.Module):
    """torchvision's; with `pad`, shortcuts without parameters (option A of the paper)."""

    def __init__(self, inputs: int, outputs: int, stride: int, pad: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        self.padding = (outputs - inputs) // 2
        if not pad and (stride != 1 or inputs != outputs):
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                                            nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.padding > 0:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(x + y)


class ResNet(nn.Module):
    """torchvision's, with a stem for small images."""

    def __init__(self, blocks: List[int], channels: List[int], pad: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        inputs = channels[0]
        self.stages = len(blocks)
        for i, (count, outputs) in enumerate(zip(blocks, channels)):
            stage = []
            for j in range(count):
                stage.append(BasicBlock(inputs, outputs, 2 if i > 0 and j == 0 else 1, pad))
                inputs = outputs
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(x.mean((2, 3)))


class CharLSTM(nn.Module):
    def __init__(self, vocabulary: int, embedding: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(tokens))[0]).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        q, k, v = (part.view(n, t, self.heads, c // self.heads).transpose(1, 2)
                   for part in self.c_attn(x).split(c, dim=2))
        scores = q @ k.transpose(2, 3) / math.sqrt(c // self.heads)
        future = torch.ones(t, t, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(future, -math.inf).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(n, t, c))


class GptBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width),
                                  "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class Gpt(nn.Module):
    """In the form of nanoGPT: the head has the weights of the token embedding."""

    def __init__(self, vocabulary: int, length: int, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(vocabulary, width),
            "wpe": nn.Embedding(length, width),
            "h": nn.ModuleList([GptBlock(width, heads) for _ in range(layers)]),
            "ln_f": nn.LayerNorm(width)})
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, tokens: Tensor) -> Tensor:
        parts = self.transformer
        x = parts["wte"](tokens) + parts["wpe"].weight[:tokens.shape[1]]
        for block in parts["h"]:
            x = block(x)
        return self.lm_head(parts["ln_f"](x)).transpose(1, 2)


# Name, config and data of the model here; the model there.
MODELS: List[Tuple[str, Json, List[int], int, Callable[[], nn.Module]]] = [
    ("linear", {"type": "linear"}, [2, 3], 4, lambda: Linear(6, 4)),
    ("mlp", {"type": "mlp", "hidden": [12, 8]}, [1, 8, 8], 5, mlp),
    ("cnn", {"type": "cnn", "channels": [4, 6], "hidden": 16, "dropout": 0.3}, [2, 8, 8], 5, cnn),
    ("lenet", {"type": "lenet"}, [1, 28, 28], 10, LeNet),
    ("resnet20", {"type": "resnet", "depth": 20}, [3, 12, 12], 10,
     lambda: ResNet([3, 3, 3], [16, 32, 64], True)),
    ("resnet18", {"type": "resnet", "depth": 18}, [3, 12, 12], 10,
     lambda: ResNet([2, 2, 2, 2], [64, 128, 256, 512], False)),
    ("char_lstm", {"type": "char_lstm", "embedding": 5, "hidden": 6, "layers": 2}, [9], 11,
     lambda: CharLSTM(11, 5, 6, 2)),
    ("gpt", {"type": "gpt", "layers": 2, "heads": 2, "embedding": 8}, [9], 11,
     lambda: Gpt(11, 9, 2, 2, 8)),
]


def make_input(lcg: Lcg, shape: List[int], outputs: int) -> Tensor:
    if len(shape) == 1:  # tokens
        values = [lcg.bits() % outputs for _ in range(2 * shape[0])]
        return torch.tensor(values).reshape(2, shape[0])
    return draw(lcg, (2, *shape), False).float()


def model_case(name: str, config: Json, shape: List[int], outputs: int,
               make: Callable[[], nn.Module]) -> Json:
    model = make()
    fill(model)
    model.eval()
    x = make_input(Lcg(zlib.crc32(name.encode())), shape, outputs)
    return {
        "name": name, "model": config, "input_shape": shape, "outputs": outputs,
        "state": {key: [str(tensor.dtype).split(".")[1], list(tensor.shape)]
                  for key, tensor in model.state_dict().items()},
        "input": as_json(x), "output": as_json(model(x)),
    }


# ---- Optimizers --------------------------------------------------------------------------------

OPTIMIZERS: Dict[str, Tuple[Any, Json]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "adam": (torch.optim.Adam, {"amsgrad": True}),
    "adamw": (torch.optim.AdamW, {"amsgrad": True}),
    "nadam": (torch.optim.NAdam, {}),
    "radam": (torch.optim.RAdam, {}),
    "rmsprop": (torch.optim.RMSprop, {"momentum": 0.5, "centered": True}),
    "adagrad": (torch.optim.Adagrad, {}),
    "adadelta": (torch.optim.Adadelta, {}),
}


def optimizer_case(make: Any, options: Json) -> Json:
    """The names of a parameter's state, and the shapes, for one of shape [2, 3]."""
    parameter = nn.Parameter(torch.ones(2, 3))
    optimizer = make([parameter], **options)
    parameter.grad = torch.ones(2, 3)
    optimizer.step()
    slots = {key: list(torch.as_tensor(value).shape)
             for key, value in optimizer.state[parameter].items()}
    return {"options": options, "slots": slots}


def write_state_dicts() -> None:
    write_json("state_dicts.json", {
        "about": ABOUT,
        "models": [model_case(*each) for each in MODELS],
        "optimizers": {name: optimizer_case(*each) for name, each in OPTIMIZERS.items()},
    }, depth=3)

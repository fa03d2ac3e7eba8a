"""models/gpt.json and models/char_lstm.json in PyTorch beside Gradus: the losses that they reach.

python3 tools/bench/peers/language_models.py [gpt] [char_lstm] [--seeds N] [--epochs N]

Both train on the same text, parts, sizes, batch size, optimizer, clipping and learning rates (those
that the run of Gradus logged); each from its own random weights, batches and dropout, so that only
means over seeds compare. The weights of the LSTM are PyTorch's defaults, those of the transformer
GPT-2's: normal of deviation 0.02, smaller where they add to the residual stream. Wants PyTorch
(Debian: python3-torch) and the built program.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
from torch import nn
from torch.nn import functional

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Attention(nn.Module):
    def __init__(self, size, heads, dropout, length):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(size, 3 * size)
        self.c_proj = nn.Linear(size, size)
        self.attn_dropout = nn.Dropout(dropout)
        self.resid_dropout = nn.Dropout(dropout)
        self.register_buffer("future", torch.ones(length, length, dtype=torch.bool).triu(1))

    def forward(self, x):
        rows, length, size = x.shape
        q, k, v = (part.view(rows, length, self.heads, -1).transpose(1, 2)
                   for part in self.c_attn(x).split(size, dim=2))
        scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
        scores = scores.masked_fill(self.future[:length, :length], -math.inf)
        y = self.attn_dropout(scores.softmax(3)) @ v
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).reshape(rows, length, size)))


class Block(nn.Module):
    def __init__(self, size, heads, dropout, length):
        super().__init__()
        self.ln_1 = nn.LayerNorm(size)
        self.attn = Attention(size, heads, dropout, length)
        self.ln_2 = nn.LayerNorm(size)
        self.mlp = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size),
                                 nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, config, vocabulary, length):
        super().__init__()
        size, layers, dropout = config["embedding"], config["layers"], config.get("dropout", 0)
        self.wte = nn.Embedding(vocabulary, size)
        self.wpe = nn.Embedding(length, size)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(size, config["heads"], dropout, length)
                                    for _ in range(layers))
        self.ln_f = nn.LayerNorm(size)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        for block in self.blocks:
            for linear in (block.attn.c_proj, block.mlp[2]):
                nn.init.normal_(linear.weight, std=0.02 / math.sqrt(2 * layers))

    def forward(self, tokens):
        x = self.drop(self.wte(tokens) + self.wpe.weight[:tokens.shape[1]])
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.ln_f(x), self.wte.weight)


class CharLstm(nn.Module):
    def __init__(self, config, vocabulary, _length):
        super().__init__()
        dropout, layers = config.get("dropout", 0), config.get("layers", 1)
        self.embedding = nn.Embedding(vocabulary, config["embedding"])
        self.lstm = nn.LSTM(config["embedding"], config["hidden"], layers, batch_first=True,
                            dropout=dropout if layers > 1 else 0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(config["hidden"], vocabulary)

    def forward(self, tokens):
        return self.head(self.dropout(self.lstm(self.embedding(tokens))[0]))


def stretches(text, length, step):
    """Inputs and targets [N, length]."""
    rows = text.unfold(0, length + 1, step)
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def read_data(options):
    """The two parts as Gradus's data set `text` makes them, and the size of the alphabet."""
    text = pathlib.Path(options["path"]).read_text("utf-8")
    numbers = {c: i for i, c in enumerate(sorted(set(text)))}
    tokens = torch.tensor([numbers[c] for c in text])
    cut = int(len(tokens) * (1 - options["test_ratio"]))
    length, step = options["length"], options["stride"] or options["length"]
    return (stretches(tokens[:cut], length, step), stretches(tokens[cut:], length, length),
            len(numbers))


def make_optimizer(net, options):
    if options["type"] == "adam":
        return torch.optim.Adam(net.parameters(), betas=options["betas"])
    groups = [{"params": [p for p in net.parameters() if p.dim() > 1]},
              {"params": [p for p in net.parameters() if p.dim() <= 1], "weight_decay": 0}]
    return torch.optim.AdamW(groups, betas=options["betas"], weight_decay=options["weight_decay"])


def loss_of(net, inputs, targets):
    return functional.cross_entropy(net(inputs).flatten(0, 1), targets.flatten())


def train_torch(config, rates, seed):
    """The test loss after a step at each of the rates."""
    torch.manual_seed(seed)
    (inputs, targets), test, vocabulary = read_data(config["dataset"])
    kinds = {"gpt": Gpt, "char_lstm": CharLstm}
    net = kinds[config["model"]["type"]](config["model"], vocabulary, config["dataset"]["length"])
    optimizer = make_optimizer(net, config["optimizer"])
    rates = iter(rates)
    for _ in range(config["epochs"]):
        for batch in torch.randperm(len(inputs)).split(config["batch_size"]):
            rate = next(rates)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            loss_of(net, inputs[batch], targets[batch]).backward()
            nn.utils.clip_grad_norm_(net.parameters(), config["clip_grad_norm"])
            optimizer.step()
    assert next(rates, None) is None
    net.eval()
    with torch.no_grad():
        return loss_of(net, *test).item()


def train_gradus(program, path, epochs, seed, folder):
    """The test loss, the config with its defaults, and the learning rate of each step."""
    settings = ["--set", f"seed={seed}"] + (["--set", f"epochs={epochs}"] if epochs else [])
    subprocess.run([program, "train", path, "--quiet", "--out", folder, *settings], check=True)
    events = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    config = json.loads((folder / "config.json").read_text())
    return (events[-1]["loss"], config, [e["lr"] for e in events if e["event"] == "step"])


def compare(program, name, options):
    losses = {"Gradus": [], "PyTorch": []}
    seconds = dict.fromkeys(losses, 0.0)
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            loss, config, rates = train_gradus(program, ROOT / f"models/{name}.json",
                                               options.epochs, seed, pathlib.Path(folder) / "run")
            losses["Gradus"].append(loss)
            seconds["Gradus"] += time.monotonic() - start
        start = time.monotonic()
        losses["PyTorch"].append(train_torch(config, rates, seed))
        seconds["PyTorch"] += time.monotonic() - start
    for library, values in losses.items():
        spread = statistics.stdev(values) if len(values) > 1 else math.nan
        print(f"{name:10} {library:8} test loss {statistics.mean(values):.4f} "
              f"(deviation {spread:.4f}; {', '.join(f'{v:.4f}' for v in values)})  "
              f"{len(rates)} steps, {seconds[library] / len(values):.1f} s a run", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="gpt, char_lstm (default: both)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=0, help="default: as the config says")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--program", default=ROOT / "build/release/bin/gradus")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.models or ["gpt", "char_lstm"]:
        compare(options.program, name, options)


if __name__ == "__main__":
    main()

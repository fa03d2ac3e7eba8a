"""models/cnn.json in PyTorch: the same network, data, flips, optimizer, schedule and
evaluation.

python3 tools/bench/peers/cnn.py [--threads N] [--epochs N]
"""

import argparse
import gzip
import pathlib
import time

import numpy
import torch
from torch import nn

FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")


def part(name):
    """The images, as float32 in [0, 1], and labels of one part of Fashion-MNIST."""
    with gzip.open(FOLDER / f"{name}-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16)
    with gzip.open(FOLDER / f"{name}-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    images = torch.from_numpy(pixels.reshape(-1, 1, 28, 28).astype(numpy.float32) / 255)
    return images, torch.from_numpy(labels.astype(numpy.int64))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    images, labels = part("train")
    test_images, test_labels = part("t10k")
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    steps = options.epochs * -(-len(images) // 64)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(1, options.epochs + 1):
        start = time.monotonic()
        net.train()
        order = torch.randperm(len(images))
        for batch in order.split(64):
            optimizer.zero_grad(set_to_none=True)
            chosen = images[batch]
            flipped = torch.rand(len(chosen), 1, 1, 1) < 0.5
            chosen = torch.where(flipped, chosen.flip(3), chosen)
            nn.functional.cross_entropy(net(chosen), labels[batch]).backward()
            optimizer.step()
            schedule.step()
        net.eval()
        with torch.no_grad():
            hits = sum((net(x).argmax(1) == y).sum().item()
                       for x, y in zip(test_images.split(256), test_labels.split(256)))
        accuracy = 100 * hits / len(test_images)
        print(f"epoch {epoch}/{options.epochs}  accuracy {accuracy:.2f} %  "
              f"{time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()

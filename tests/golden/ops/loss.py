"""Losses."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases, doubles


LARGE = doubles([1000.0, 0.0, -1000.0], [999.0, 1000.0, 1001.0])


OPS: Dict[str, Callable[..., Tensor]] = {
    "mse_loss": F.mse_loss,
    "cross_entropy": F.cross_entropy,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "binary_cross_entropy": F.binary_cross_entropy,
    "nll_loss": F.nll_loss,
    "kl_div": F.kl_div,
    "poisson_nll_loss": F.poisson_nll_loss,
    "gaussian_nll_loss": F.gaussian_nll_loss,
    "hinge_embedding_loss": F.hinge_embedding_loss,
    "multi_margin_loss": F.multi_margin_loss,
    "soft_margin_loss": F.soft_margin_loss,
    "cosine_embedding_loss": F.cosine_embedding_loss,
    "triplet_margin_loss": F.triplet_margin_loss,
}

REDUCTIONS = ("mean", "sum", "none")
WEIGHT = doubles(0.5, 2.0, 1.25, 0.25)


def add(cases: OpCases) -> None:
    add_basic(cases)
    add_distances(cases)
    add_probabilities(cases)
    add_likelihoods(cases)
    add_margins(cases)
    add_soft_labels(cases)


def add_distances(cases: OpCases) -> None:
    for reduction in REDUCTIONS:
        cases.add(f"l1_loss/{reduction}", (3, 4), (3, 4), reduction=reduction)
        for size in (0.25, 1.0, 2.5):
            cases.add(f"smooth_l1_loss/{reduction}_{size}", (3, 4), (3, 4), reduction=reduction,
                      beta=size)
            cases.add(f"huber_loss/{reduction}_{size}", (3, 4), (3, 4), reduction=reduction,
                      delta=size)
        cases.add(f"smooth_l1_loss/{reduction}_0", (3, 4), (3, 4), reduction=reduction, beta=0.0)
    far = doubles(1e4, -1e4, 0.0, 3.0), doubles(-1e4, 1e4, 0.0, 1.0)
    cases.add("l1_loss/far", *far, reduction="none")
    cases.add("smooth_l1_loss/far", *far, reduction="none", beta=1.0)
    cases.add("smooth_l1_loss/edge", doubles(1.0, -1.0), doubles(0.0, 0.0), reduction="none",
              beta=1.0)
    cases.add("huber_loss/far", *far, reduction="none", delta=1.0)
    cases.add("huber_loss/edge", doubles(1.0, -1.0), doubles(0.0, 0.0), reduction="none", delta=1.0)


def add_probabilities(cases: OpCases) -> None:
    input = doubles([0.125, 0.5, 0.75], [0.25, 0.875, 0.0625])
    shares = doubles([0.0, 1.0, 0.25], [1.0, 0.0, 0.5])
    for reduction in REDUCTIONS:
        name = f"binary_cross_entropy/{reduction}"
        cases.add(name, input, shares, reduction=reduction)
        cases.add(name + "_weighed", input, shares, weight=doubles(0.5, 2.0, 1.0),
                  reduction=reduction)
    # PyTorch's gradient of the target is infinite there, though its loss is bounded.
    cases.add("binary_cross_entropy/extreme", doubles(0.0, 0.0, 1.0, 1.0, 1e-30),
              target=doubles(0.0, 1.0, 0.0, 1.0, 0.0), reduction="none")


def add_likelihoods(cases: OpCases) -> None:
    log_shares = torch.log_softmax(doubles([1.0, 0.5, -1.0, 2.0], [0.0, 3.0, 1.5, -0.5],
                                           [2.0, 2.0, 0.25, 1.0], [-1.0, 0.0, 0.5, -2.0]), 1)
    labels = torch.tensor([3, 0, 1, 2])
    ignored = torch.tensor([3, -100, 1, 2])
    for reduction in REDUCTIONS:
        cases.add(f"nll_loss/{reduction}", log_shares, labels, reduction=reduction)
        cases.add(f"nll_loss/{reduction}_weighed", log_shares, ignored, weight=WEIGHT,
                  reduction=reduction)
        cases.add(f"nll_loss/{reduction}_all", log_shares, labels, weight=WEIGHT, ignore_index=0,
                  reduction=reduction)
        cases.add(f"nll_loss/{reduction}_images", (2, 4, 2, 3),
                  torch.tensor([[[0, 3, 1], [1, 2, 2]], [[-100, 1, 0], [3, 3, 0]]]), weight=WEIGHT,
                  reduction=reduction)
    cases.add("nll_loss/one_example", (4,), torch.tensor(2), reduction="mean")
    cases.add("nll_loss/far", doubles([-1e4, 0.0], [0.0, -1e4]), torch.tensor([0, 0]),
              reduction="none")

    shares = doubles([0.5, 0.25, 0.125, 0.125], [0.0625, 0.0625, 0.375, 0.5])
    for reduction in REDUCTIONS + ("batchmean",):
        cases.add(f"kl_div/{reduction}", log_shares[:2], shares, reduction=reduction)
        cases.add(f"kl_div/{reduction}_log", log_shares[:2], log_shares[2:], reduction=reduction,
                  log_target=True)
    cases.add("kl_div/far", doubles([-1e4, -1.0, 0.0]), doubles([0.5, 1.0, 0.25]),
              reduction="none")
    cases.add("kl_div/far_log", doubles([-1e4, -1.0, -2.0]), doubles([-1.0, -1e4, -1e4]),
              reduction="none", log_target=True)

    counts = doubles([0.0, 1.0, 2.0, 7.0], [3.0, 0.0, 1.0, 30.0])
    for reduction in REDUCTIONS:
        for full in (False, True):
            cases.add(f"poisson_nll_loss/{reduction}_{full}", (2, 4), target=counts, full=full,
                      reduction=reduction)
            cases.add(f"poisson_nll_loss/{reduction}_{full}_rate", (2, 4), target=counts, full=full,
                      log_input=False, eps=1e-3, reduction=reduction, positive=(0,))
        cases.add(f"gaussian_nll_loss/{reduction}", (2, 4), (2, 4), (2, 4), reduction=reduction,
                  positive=(2,))
        cases.add(f"gaussian_nll_loss/{reduction}_full", (2, 4), (2, 4), (2, 1), full=True,
                  reduction=reduction, positive=(2,))
    cases.add("poisson_nll_loss/far", doubles([-1e4, 0.0, 5.0]), target=doubles([3.0, 1e4, 0.0]),
              reduction="none")
    cases.add("gaussian_nll_loss/shared", (2, 4), (2, 4), (2,), reduction="none", positive=(2,))
    cases.add("gaussian_nll_loss/bounded", doubles(1.0, 2.0), doubles(0.5, 1e4), doubles(0.0, 0.25),
              eps=0.5, reduction="none")


def add_margins(cases: OpCases) -> None:
    signs = doubles([1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, -1.0, -1.0])
    labels = torch.tensor([3, 0, 1, 1, 2])
    for reduction in REDUCTIONS:
        cases.add(f"hinge_embedding_loss/{reduction}", (2, 4), target=signs, margin=0.75,
                  reduction=reduction)
        cases.add(f"soft_margin_loss/{reduction}", (2, 4), target=signs, reduction=reduction)
        for p in (1, 2):
            name = f"multi_margin_loss/{reduction}_{p}"
            cases.add(name, (5, 4), labels, p=p, reduction=reduction)
            cases.add(name + "_weighed", (5, 4), labels, p=p, margin=0.625, weight=WEIGHT,
                      reduction=reduction)
        for margin in (0.0, 0.3):
            cases.add(f"cosine_embedding_loss/{reduction}_{margin}", (4, 3), (4, 3),
                      target=torch.tensor([1, -1, -1, 1]), margin=margin, reduction=reduction)
        for swap in (False, True):
            name = f"triplet_margin_loss/{reduction}_{swap}"
            cases.add(name, (4, 3), (4, 3), (4, 3), swap=swap, reduction=reduction)
            cases.add(name + "_3", (4, 3), (4, 3), (4, 3), swap=swap, margin=2.5, p=3.0, eps=1e-3,
                      reduction=reduction)
    cases.add("multi_margin_loss/one_example", (4,), torch.tensor(2), p=1, reduction="mean")
    cases.add("multi_margin_loss/far", doubles([1e4, -1e4, 0.0]), torch.tensor([1]), p=2,
              reduction="none")
    cases.add("hinge_embedding_loss/edge", doubles(1.0, -1e4, 1e4), target=doubles(-1.0, -1.0, 1.0),
              margin=1.0, reduction="none")
    cases.add("soft_margin_loss/far", doubles(1e4, 100.0), target=doubles(1.0, 1.0),
              reduction="none")
    cases.add("cosine_embedding_loss/zeros", doubles([0.0, 0.0], [1.0, 2.0]),
              doubles([1.0, 2.0], [0.0, 0.0]), target=torch.tensor([1, 1]), margin=0.0,
              reduction="none")
    cases.add("cosine_embedding_loss/one_example", (3,), (3,), target=torch.tensor(1), margin=0.0,
              reduction="mean")
    cases.add("triplet_margin_loss/one_example", (3,), (3,), (3,), reduction="mean")
    cases.add("triplet_margin_loss/far", doubles([1e4, -1e4]), doubles([-1e4, 1e4]),
              doubles([0.0, 0.0]), reduction="none")


def add_soft_labels(cases: OpCases) -> None:
    shares = doubles([0.5, 0.25, 0.125, 0.125], [0.0, 0.0, 1.0, 0.0], [0.75, 0.0, 0.0, 0.25])
    for reduction in REDUCTIONS:
        name = f"cross_entropy/soft_{reduction}"
        cases.add(name, (3, 4), shares, reduction=reduction)
        cases.add(name + "_weighed", (3, 4), shares, weight=WEIGHT, reduction=reduction)
        cases.add(name + "_smoothed", (3, 4), shares, label_smoothing=0.3, reduction=reduction)
        cases.add(name + "_all", (3, 4), shares, weight=WEIGHT, label_smoothing=0.1,
                  reduction=reduction)
        cases.add(name + "_images", (2, 4, 2, 3), (2, 4, 2, 3), weight=WEIGHT,
                  label_smoothing=0.1, reduction=reduction, positive=(1,))
    cases.add("cross_entropy/soft_one_example", (4,), doubles(0.5, 0.0, 0.25, 0.25),
              reduction="mean")
    cases.add("cross_entropy/soft_large", LARGE, doubles([0.0, 0.5, 0.5], [0.25, 0.75, 0.0]),
              reduction="none")


def add_basic(cases: OpCases) -> None:
    for reduction in ("mean", "sum", "none"):
        cases.add(f"mse_loss/{reduction}", (3, 4), (3, 4), reduction=reduction)
        cases.add(f"cross_entropy/{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  reduction=reduction)
    cases.add("cross_entropy/large", LARGE, torch.tensor([2, 0]), reduction="mean")

    labels = torch.tensor([3, 0, 1, -100, 2])
    weight = doubles(0.5, 2.0, 1.25, 0.25)
    for reduction in ("mean", "sum", "none"):
        cases.add(f"cross_entropy/ignored_{reduction}", (5, 4), labels, reduction=reduction)
        cases.add(f"cross_entropy/weighed_{reduction}", (5, 4), labels, weight=weight,
                  reduction=reduction)
        cases.add(f"cross_entropy/smoothed_{reduction}", (5, 4), labels, label_smoothing=0.3,
                  reduction=reduction)
        cases.add(f"cross_entropy/all_{reduction}", (5, 4), torch.tensor([3, 0, 1, 1, 2]),
                  weight=weight, ignore_index=1, label_smoothing=0.3, reduction=reduction)
    cases.add("cross_entropy/one_example", (4,), torch.tensor(2), reduction="mean")
    pixels = torch.tensor([[[0, 3, 1], [1, 2, 2]], [[-100, 1, 0], [3, 3, 0]]])
    for reduction in ("mean", "none"):
        cases.add(f"cross_entropy/images_{reduction}", (2, 4, 2, 3), pixels, weight=weight,
                  label_smoothing=0.1, reduction=reduction)
    cases.add("cross_entropy/many_classes", (3, 37), torch.tensor([36, 0, 20]), reduction="mean")

    for reduction in ("mean", "sum", "none"):
        shares = doubles([0.0, 1.0, 0.25], [1.0, 0.0, 0.5])
        name = f"binary_cross_entropy_with_logits/{reduction}"
        cases.add(name, (2, 3), shares, reduction=reduction)
        cases.add(name + "_weighed", (2, 3), shares, weight=doubles(0.5, 2.0, 1.0),
                  pos_weight=doubles(3.0, 1.0, 0.125), reduction=reduction)
    cases.add("binary_cross_entropy_with_logits/large", doubles(1000.0, -1000.0, 0.0, 50.0),
              doubles(1.0, 0.0, 1.0, 0.0), reduction="none")

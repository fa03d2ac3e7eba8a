"""Optimizers: 100 steps of every variant on a small problem, and L-BFGS on Rosenbrock's function.

Those that PyTorch 1.13 does not have are written here from the formulas of their papers.
"""

import functools
import math
from typing import Any, Callable, Dict, List

import torch
from torch import Tensor, nn

from cases import ABOUT, Json, Lcg, as_json, write_json

Options = Dict[str, Any]


class PaperOptimizer(torch.optim.Optimizer):
    """update(w, g, state, options) returns the new w; state["t"] counts the steps from 1."""

    defaults_of: Options = {}

    def __init__(self, parameters: List[nn.Parameter], **options: Any) -> None:
        super().__init__(parameters, {**self.defaults_of, **options})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for w in group["params"]:
                state = self.state[w]
                state["t"] = state.get("t", 0) + 1
                w.copy_(self.update(w, w.grad, state, group))

    def update(self, w: Tensor, g: Tensor, state: Options, o: Options) -> Tensor:
        raise NotImplementedError


class Lion(PaperOptimizer):
    """arXiv:2302.06675, algorithm 2."""

    defaults_of = {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0.0}

    def update(self, w: Tensor, g: Tensor, state: Options, o: Options) -> Tensor:
        beta1, beta2 = o["betas"]
        m = state.get("m", torch.zeros_like(w))
        c = beta1 * m + (1 - beta1) * g
        state["m"] = beta2 * m + (1 - beta2) * g
        return w - o["lr"] * (torch.sign(c) + o["weight_decay"] * w)


def adam_ratio(g: Tensor, state: Options, o: Options) -> Tensor:
    beta1, beta2 = o["betas"]
    m = state["m"] = beta1 * state.get("m", torch.zeros_like(g)) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", torch.zeros_like(g)) + (1 - beta2) * g ** 2
    m_hat = m / (1 - beta1 ** state["t"])
    v_hat = v / (1 - beta2 ** state["t"])
    return m_hat / (torch.sqrt(v_hat) + o["eps"])


class Lamb(PaperOptimizer):
    """arXiv:1904.00962, algorithm 2, where phi is the identity."""

    defaults_of = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-6, "weight_decay": 1e-2}

    def update(self, w: Tensor, g: Tensor, state: Options, o: Options) -> Tensor:
        r = adam_ratio(g, state, o) + o["weight_decay"] * w
        return w - o["lr"] * math.sqrt(float((w * w).sum() / (r * r).sum())) * r


class Muon(PaperOptimizer):
    """kellerjordan.github.io/posts/muon for matrices as torch.optim.Muon has it, else AdamW.

    The polynomial of Newton and Schulz is applied to the singular values: no product is iterated.
    """

    defaults_of = {"lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "nesterov": True, "eps": 1e-7,
                   "ns_steps": 5, "adjust_lr_fn": "original", "adamw_lr": 3e-4,
                   "adamw_betas": (0.9, 0.95), "adamw_eps": 1e-10, "adamw_weight_decay": 0.0}

    def update(self, w: Tensor, g: Tensor, state: Options, o: Options) -> Tensor:
        if w.dim() != 2:
            adamw = {key[6:]: value for key, value in o.items() if key.startswith("adamw_")}
            ratio = adam_ratio(g, state, adamw)
            return (1 - adamw["lr"] * adamw["weight_decay"]) * w - adamw["lr"] * ratio
        beta = o["momentum"]
        m = state["m"] = beta * state.get("m", torch.zeros_like(w)) + (1 - beta) * g
        u, s, vh = torch.linalg.svd(beta * m + (1 - beta) * g if o["nesterov"] else m,
                                    full_matrices=False)
        s = s / max(float(torch.linalg.vector_norm(s)), o["eps"])
        for _ in range(o["ns_steps"]):
            s = 3.4445 * s - 4.7750 * s ** 3 + 2.0315 * s ** 5
        rows, columns = w.shape
        factor = (math.sqrt(max(1, rows / columns)) if o["adjust_lr_fn"] == "original"
                  else 0.2 * math.sqrt(max(rows, columns)))
        return (1 - o["lr"] * o["weight_decay"]) * w - o["lr"] * factor * (u * s) @ vh


CLASSES: Dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    # Without foreach, PyTorch 1.13 has one factor too many in the product of mu (pull 92699).
    "nadam": functools.partial(torch.optim.NAdam, foreach=True),
    "radam": torch.optim.RAdam,
    "lion": Lion,
    "lamb": Lamb,
    "muon": Muon,
}

# Rates are small enough, or eps large enough, for 100 steps not to end in circles around the
# minimum, where some of these magnify any rounding.
VARIANTS: Dict[str, Options] = {
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
    "rmsprop/default": {},
    "rmsprop/alpha_eps": {"lr": 0.02, "alpha": 0.9, "eps": 0.1, "weight_decay": 0.1},
    "rmsprop/momentum": {"lr": 0.005, "momentum": 0.8},
    "rmsprop/centered": {"lr": 0.005, "alpha": 0.95, "eps": 1e-2, "centered": True},
    "rmsprop/centered_momentum": {"lr": 0.002, "alpha": 0.95, "eps": 1e-2, "momentum": 0.8,
                                  "centered": True, "weight_decay": 0.1},
    "adagrad/default": {},
    "adagrad/lr_decay": {"lr": 0.2, "lr_decay": 0.05, "weight_decay": 0.1},
    "adagrad/accumulator": {"lr": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3},
    "adadelta/default": {},
    "adadelta/rho": {"lr": 0.2, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1},
    "nadam/default": {},
    "nadam/momentum_decay": {"lr": 0.02, "betas": [0.8, 0.9], "eps": 0.1, "weight_decay": 0.1,
                             "momentum_decay": 0.05},
    "radam/default": {},
    "radam/betas": {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.1},
    "lion/default": {},
    "lion/weight_decay": {"lr": 0.01, "betas": [0.8, 0.95], "weight_decay": 0.5},
    "lamb/default": {},
    "lamb/betas": {"lr": 0.005, "betas": [0.8, 0.9], "eps": 1e-3, "weight_decay": 0.1},
    "muon/default": {},
    "muon/options": {"lr": 0.02, "weight_decay": 0.3, "momentum": 0.8, "nesterov": False,
                     "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw", "adamw_lr": 0.05,
                     "adamw_betas": [0.8, 0.9], "adamw_eps": 1e-3, "adamw_weight_decay": 0.1},
}


def run_variant(name: str, initial: List[Tensor], a: List[Tensor], c: List[Tensor]) -> Json:
    options = VARIANTS[name]
    kind = name.split("/")[0]
    parameters = [nn.Parameter(tensor.clone()) for tensor in initial]
    optimizer = CLASSES[kind](parameters, **options)
    after = {}
    for step in range(1, 101):
        for i, parameter in enumerate(parameters):
            value = parameter.detach()
            parameter.grad = a[i] * (value - c[i]) + torch.cos(value)
        optimizer.step()
        if step in (1, 10, 100):
            after[str(step)] = {key: as_json(p) for key, p in zip("wb", parameters)}
    return {"name": name, "optimizer": kind, "options": options, "after": after}


LBFGS_VARIANTS: Dict[str, Options] = {
    "strong_wolfe": {"line_search_fn": "strong_wolfe", "max_iter": 4},
    "one_iteration": {"line_search_fn": "strong_wolfe", "max_iter": 1},
    "lr": {"line_search_fn": "strong_wolfe", "max_iter": 3, "lr": 0.1},
    "history": {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2},
    "max_eval": {"line_search_fn": "strong_wolfe", "max_iter": 20, "max_eval": 6},
    "fixed_steps": {"lr": 0.1, "max_iter": 5, "history_size": 3},
    "tolerances": {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2},
}
LBFGS_STEPS = 12


def run_lbfgs(name: str) -> Json:
    """Of each step: the loss that it returns, the evaluations so far, and where it ends."""
    x = nn.Parameter(torch.tensor([-1.2, 1.0]))
    y = nn.Parameter(torch.tensor([[0.5], [2.0]]))
    optimizer = torch.optim.LBFGS([x, y], **LBFGS_VARIANTS[name])
    evaluations = 0

    def closure() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        v = torch.cat([x, y.flatten()])
        loss = (100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2).sum()
        loss.backward()
        return loss

    steps = []
    for _ in range(LBFGS_STEPS):
        loss = optimizer.step(closure).item()
        steps.append([loss, evaluations, *x.tolist(), *y.flatten().tolist()])
    return {"name": name, "options": LBFGS_VARIANTS[name], "steps": steps}


def with_double_default(write: Callable[[], None]) -> Callable[[], None]:
    """NAdam keeps one of its numbers in the default dtype."""

    @functools.wraps(write)
    def wrapped() -> None:
        torch.set_default_dtype(torch.float64)
        try:
            write()
        finally:
            torch.set_default_dtype(torch.float32)

    return wrapped


@with_double_default
def write_optimizers() -> None:
    """Minimizes the sum over w and b of 0.5 * a * (p - c)^2 + sin(p); L-BFGS Rosenbrock's."""
    lcg = Lcg()

    def pair(offset: float) -> List[Tensor]:
        return [lcg.uniform(shape, 1).double() + offset for shape in ((3, 4), (3,))]

    initial, a, c = pair(0), pair(1), pair(0)
    problem = {name: {key: as_json(tensor) for key, tensor in zip("wb", tensors)}
               for name, tensors in (("initial", initial), ("a", a), ("c", c))}
    variants = [run_variant(name, initial, a, c) for name in VARIANTS]
    lbfgs = [run_lbfgs(name) for name in LBFGS_VARIANTS]
    write_json("optimizers.json", {"about": ABOUT, **problem, "variants": variants, "lbfgs": lbfgs},
               depth=2)

"""Learning rates of PyTorch's schedulers: schedules.json.

A case has a schedule as a config of Gradus names it, the optimizer's own rate, for a schedule that
looks at a metric the values of that, and the rate before the first step and after each.
"""

import warnings
from typing import Callable, Dict, List, Tuple

import torch
from torch.optim import lr_scheduler

from cases import ABOUT, Json, Lcg, write_json

STEPS = 100
LR = 0.3

CLASSES: Dict[str, Callable[..., Json]] = {
    "constant": lr_scheduler.ConstantLR,
    "step": lr_scheduler.StepLR,
    "multistep": lr_scheduler.MultiStepLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "polynomial": lr_scheduler.PolynomialLR,
    "cosine": lr_scheduler.CosineAnnealingLR,
    "cosine_restarts": lr_scheduler.CosineAnnealingWarmRestarts,
    "one_cycle": lr_scheduler.OneCycleLR,
    "reduce_on_plateau": lr_scheduler.ReduceLROnPlateau,
}
NAMES = {"t_max": "T_max", "t_0": "T_0", "t_mult": "T_mult"}


def parts_of(config: Json, begin: int = 0) -> List[Tuple[int, Json]]:
    """The simple schedules in a row that a config means, each with the step it begins at.

    One list for all levels, as PyTorch's SequentialLR cannot hold another one.
    """
    if config["type"] == "warmup":
        up = {key: value for key, value in config.items() if key != "then"}
        end = begin + config["total_iters"]
        return [(begin, {**up, "type": "linear"}), *parts_of(config["then"], end)]
    if config["type"] == "chained":
        begins = [begin, *(begin + each for each in config["milestones"])]
        lists = [parts_of(each, at) for each, at in zip(config["schedules"], begins)]
        return [part for parts in lists for part in parts]
    return [(begin, config)]


def make_simple(optimizer: torch.optim.Optimizer, config: Json) -> Json:
    options = {NAMES.get(key, key): value for key, value in config.items() if key != "type"}
    if config["type"] == "one_cycle":
        options["cycle_momentum"] = False
    return CLASSES[config["type"]](optimizer, **options)


def make(optimizer: torch.optim.Optimizer, config: Json) -> Json:
    """PyTorch's scheduler for a config of Gradus."""
    begins, configs = zip(*parts_of(config))
    schedulers = [make_simple(optimizer, each) for each in configs]
    if len(schedulers) == 1:
        return schedulers[0]
    return lr_scheduler.SequentialLR(optimizer, schedulers, list(begins[1:]))


def run(name: str, config: Json, metrics: List[float]) -> Json:
    optimizer = torch.optim.SGD([torch.zeros((), requires_grad=True)], lr=LR)
    scheduler = make(optimizer, config)
    rates = [optimizer.param_groups[0]["lr"]]
    for step in range(STEPS - 1):
        optimizer.step()
        scheduler.step(*metrics[step:step + 1])
        rates.append(optimizer.param_groups[0]["lr"])
    result = {"name": name, "schedule": config, "rates": rates}
    if metrics:
        result["metrics"] = metrics
    return result


def falling(noise: float) -> List[float]:
    """A loss that gets better ever more slowly."""
    lcg = Lcg()
    return [round(2 * 0.9**i + 0.1 + noise * lcg.bits() / 2**24, 4) for i in range(STEPS - 1)]


COSINE = {"type": "cosine", "t_max": 40, "eta_min": 1e-3}

CASES: Dict[str, Json] = {
    "constant": {"type": "constant", "factor": 0.25, "total_iters": 30},
    "step": {"type": "step", "step_size": 30},
    "step/gamma": {"type": "step", "step_size": 7, "gamma": 0.7},
    "multistep": {"type": "multistep", "milestones": [10, 40, 40, 85], "gamma": 0.5},
    "exponential": {"type": "exponential", "gamma": 0.93},
    "linear": {"type": "linear"},
    "linear/down": {"type": "linear", "start_factor": 0.9, "end_factor": 0.1, "total_iters": 60},
    "polynomial": {"type": "polynomial"},
    "polynomial/power": {"type": "polynomial", "total_iters": 70, "power": 2.5},
    "cosine": {"type": "cosine", "t_max": 99},
    "cosine/waves": COSINE,
    "cosine_restarts": {"type": "cosine_restarts", "t_0": 30},
    "cosine_restarts/longer": {"type": "cosine_restarts", "t_0": 7, "t_mult": 2, "eta_min": 0.01},
    "one_cycle": {"type": "one_cycle", "max_lr": 0.5, "total_steps": 100},
    "one_cycle/linear": {"type": "one_cycle", "max_lr": 0.5, "total_steps": 100,
                         "pct_start": 0.41, "anneal_strategy": "linear", "div_factor": 10.0,
                         "final_div_factor": 50.0},
    "one_cycle/three_phase": {"type": "one_cycle", "max_lr": 0.5, "total_steps": 100,
                              "three_phase": True},
    "warmup": {"type": "warmup", "total_iters": 12, "then": {"type": "constant", "factor": 1.0}},
    "warmup/cosine": {"type": "warmup", "total_iters": 20, "start_factor": 0.01, "then": COSINE},
    "chained": {"type": "chained", "milestones": [15, 60],
                "schedules": [{"type": "linear", "start_factor": 0.1, "total_iters": 15},
                              {"type": "exponential", "gamma": 0.97},
                              {"type": "cosine_restarts", "t_0": 9, "t_mult": 2}]},
    "chained/chained": {"type": "warmup", "total_iters": 10,
                        "then": {"type": "chained", "milestones": [25],
                                 "schedules": [{"type": "polynomial", "total_iters": 40},
                                               {"type": "step", "step_size": 20}]}},
}

PLATEAUS: Dict[str, Json] = {
    "reduce_on_plateau": {"threshold": 0.01},
    "reduce_on_plateau/patient": {"factor": 0.5, "patience": 4, "cooldown": 6, "threshold": 0.05,
                                  "min_lr": 0.02},
    "reduce_on_plateau/abs": {"factor": 0.7, "patience": 2, "threshold": 1e-3,
                              "threshold_mode": "abs", "eps": 0.005},
    "reduce_on_plateau/max": {"mode": "max", "factor": 0.3, "patience": 3, "threshold": 0.1},
    "reduce_on_plateau/max_abs": {"mode": "max", "factor": 0.3, "patience": 1, "cooldown": 2,
                                  "threshold": 0.2, "threshold_mode": "abs"},
}


def write_schedules() -> None:
    warnings.filterwarnings("ignore")  # SequentialLR calls step() as one should not
    cases = [run(name, config, []) for name, config in CASES.items()]
    for i, (name, options) in enumerate(PLATEAUS.items()):
        sign = -1 if options.get("mode") == "max" else 1
        metrics = [sign * value + (1 - sign) for value in falling(0.05 * i)]
        cases.append(run(name, {"type": "reduce_on_plateau", **options}, metrics))
    write_json("schedules.json", {"about": ABOUT, "lr": LR, "cases": cases}, depth=2)

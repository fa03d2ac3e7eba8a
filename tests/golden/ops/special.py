"""Special functions."""

from typing import Callable, Dict

import torch
from torch import Tensor

from cases import OpCases, doubles


class Digamma(torch.autograd.Function):
    """torch.digamma with a gradient in full precision: torch.polygamma(1, x) has nine digits."""

    @staticmethod
    def forward(context, x: Tensor) -> Tensor:
        context.save_for_backward(x)
        return torch.digamma(x)

    @staticmethod
    def backward(context, gradient: Tensor) -> Tensor:
        return gradient * torch.special.zeta(2, context.saved_tensors[0])


def polygamma(x: Tensor, n: int) -> Tensor:
    if n == 0:
        return Digamma.apply(x)
    return torch.special.zeta(2, x) if n == 1 else torch.polygamma(n, x)


OPS: Dict[str, Callable[..., Tensor]] = {
    "erf": torch.erf,
    "erfc": torch.erfc,
    "erfinv": torch.erfinv,
    "lgamma": torch.lgamma,
    "digamma": Digamma.apply,
    "polygamma": polygamma,
    "sinc": torch.sinc,
    "xlogy": torch.xlogy,
    "logit": torch.logit,
}

INF = float("inf")
NAN = float("nan")


def add(cases: OpCases) -> None:
    for op in ("erf", "erfc", "sinc"):
        cases.add(f"{op}/matrix", (3, 4))
        cases.add(f"{op}/scalar", ())
        cases.add(f"{op}/extremes", doubles(-1e4, -30.0, -5.0, 0.0, 0.125, 5.0, 30.0, 1e4, NAN))
    cases.add("sinc/near_zero", doubles(-1.0, -0.5, 0.0, 0.25, 0.46875, 0.5, 0.75, 1.0, 2.0))
    cases.add("erfinv/matrix", doubles([-0.875, -0.25, 0.0], [0.125, 0.5, 0.75]))
    cases.add("erfinv/scalar", doubles(0.625)[0])
    cases.add("erfinv/extremes", doubles(-2.0, -1.0, -1 + 2**-6, 1e-10, 1 - 2**-8, 1.0, NAN))
    for op in ("lgamma", "digamma"):
        cases.add(f"{op}/matrix", (3, 4), positive=[0])
        cases.add(f"{op}/scalar", (), positive=[0])
        cases.add(f"{op}/negative", doubles(-0.5, -1.25, -2.75, -10.5))
        cases.add(f"{op}/extremes", doubles(2**-20, 0.0625, 1.0, 11.5, 100.0, 1e4, 1e8, NAN))
    for n in (0, 1, 2, 3, 6):
        cases.add(f"polygamma/order_{n}", (2, 3), positive=[0], n=n)
        cases.add(f"polygamma/range_{n}", doubles(0.25, 1.0, 8.0, 31.5, 1000.0), n=n)
    for n in (1, 2, 3):
        cases.add(f"polygamma/negative_{n}", doubles(-0.5, -1.25, -2.75), n=n)
    cases.add("polygamma/scalar", (), positive=[0], n=1)
    cases.add("xlogy/matrix", (2, 3), (2, 3), positive=[1])
    cases.add("xlogy/broadcast", (3, 1), (1, 4), positive=[1])
    cases.add("xlogy/zeros", doubles(0.0, 0.0, 0.0, 1.0, 0.0), doubles(0.0, 2.0, INF, 0.0, NAN))
    cases.add("logit/matrix", doubles([0.875, 0.25, 0.5], [0.125, 0.375, 0.75]))
    cases.add("logit/scalar", doubles(0.625)[0])
    cases.add("logit/ends", doubles(-0.5, 0.0, 2**-20, 1 - 2**-10, 1.0, 1.5))
    cases.add("logit/eps", doubles(-0.5, 0.0, 0.125, 0.25, 0.5, 1.0, 1.5), eps=0.125)

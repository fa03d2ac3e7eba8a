"""Matrix products."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases


OPS: Dict[str, Callable[..., Tensor]] = {
    "matmul": torch.matmul,
    "mm": torch.mm,
    "mv": torch.mv,
    "dot": torch.dot,
    "bmm": torch.bmm,
    "outer": torch.outer,
    "addmm": torch.addmm,
    "baddbmm": torch.baddbmm,
    "linear": F.linear,
    "bilinear": F.bilinear,
    "cosine_similarity": F.cosine_similarity,
    "einsum": lambda *operands, equation: torch.einsum(equation, *operands),
    "tensordot": lambda a, b, dims: torch.tensordot(a, b, dims),
}


def add(cases: OpCases) -> None:
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

    cases.add("mm/plain", (3, 4), (4, 2))
    cases.add("mm/nothing_to_sum", (3, 0), (0, 2))
    cases.add("mm/integers", torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5, 6], [7, 8]]))
    cases.add("mv/plain", (3, 4), (4,))
    cases.add("dot/plain", (5,), (5,))
    cases.add("bmm/plain", (2, 3, 4), (2, 4, 2))
    cases.add("outer/plain", (3,), (4,))

    cases.add("addmm/plain", (3, 2), (3, 4), (4, 2))
    cases.add("addmm/row", (2,), (3, 4), (4, 2), beta=0.5, alpha=-2)
    cases.add("baddbmm/plain", (2, 3, 2), (2, 3, 4), (2, 4, 2))
    cases.add("baddbmm/scaled", (1, 3, 1), (2, 3, 4), (2, 4, 2), beta=2, alpha=0.25)

    cases.add("bilinear/bias", (3, 4), (3, 2), (5, 4, 2), (5,))
    cases.add("bilinear/no_bias", (2, 3, 2), (2, 3, 3), (1, 2, 3))
    cases.add("bilinear/1d", (4,), (2,), (3, 4, 2), (3,))

    cases.add("cosine_similarity/dim1", (3, 4), (3, 4))
    cases.add("cosine_similarity/dim0", (3, 4), (3, 4), dim=0)
    cases.add("cosine_similarity/broadcast", (2, 3, 4), (3, 1), dim=-2)
    cases.add("cosine_similarity/eps", (2, 3), (2, 3), dim=-1, eps=0.125)

    add_einsum(cases)
    cases.add("tensordot/two", (2, 3, 4), (3, 4, 2), dims=2)
    cases.add("tensordot/none", (2, 3), (2,), dims=0)
    cases.add("tensordot/pairs", (2, 3, 4), (4, 5, 2), dims=[[0, 2], [2, 0]])
    cases.add("tensordot/negative", (2, 3, 4), (4, 3), dims=[[-1], [0]])


def add_einsum(cases: OpCases) -> None:
    def einsum(equation: str, *shapes: object) -> None:
        cases.add(f"einsum/{equation}", *shapes, equation=equation)

    einsum("ij->", (2, 3))
    einsum("ij->ji", (2, 3))
    einsum("ba", (2, 3))
    einsum("ij->j", (2, 3))
    einsum("ii", (3, 3))
    einsum("ii->i", (3, 3))
    einsum("iij->j", (3, 3, 2))
    einsum("aibjba->ij", (2, 3, 3, 2, 3, 2))
    einsum("i,i", (4,), (4,))
    einsum("i,i->i", (4,), (4,))
    einsum("i,j->ij", (3,), (2,))
    einsum("ik,kj", (2, 3), (3, 4))
    einsum(" i k , k j -> j i ", (2, 3), (3, 4))
    einsum("Bk,kA", (2, 3), (3, 4))
    einsum("bij,bjk->bik", (2, 3, 4), (2, 4, 2))
    einsum("bhqd,bhkd->bhqk", (2, 1, 3, 4), (2, 1, 2, 4))
    einsum("bn,anm,bm->ba", (2, 3), (4, 3, 2), (2, 2))
    einsum("i,i,i->", (3,), (3,), (3,))
    einsum("ab,bc,cd,de->ae", (2, 3), (3, 2), (2, 4), (4, 2))
    einsum("ij,kl->", (2, 3), (2, 2))
    einsum("ijk,ik->j", (2, 3, 4), (2, 4))
    einsum("ii,jj->ij", (2, 2), (3, 3))
    einsum("...ij->...ji", (2, 3, 4))
    einsum("...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2))
    einsum("i...,...i", (3, 2), (4, 1, 3))
    einsum("...ii->i...", (2, 3, 3))
    einsum("...,i->i...", (2, 2), (3,))
    einsum("...i->i", (2, 3, 4))
    einsum("...,...->...", (), (2,))
    einsum("ij,ij->i", (2, 1), (2, 3))
    einsum("ij,jk->ik", (2, 1), (4, 3))
    einsum(",i->i", (), (3,))
    einsum("ik,kj->ij", (2, 0), (0, 3))
    einsum("ij,j->i", torch.tensor([[1, 2], [3, 4]]), torch.tensor([5, 6]))

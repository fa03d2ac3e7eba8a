"""Matrix products."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases


OPS: Dict[str, Callable[..., Tensor]] = {
    "matmul": torch.matmul,
    "linear": F.linear,
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

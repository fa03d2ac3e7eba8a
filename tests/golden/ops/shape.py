"""Views and rearrangements."""

from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor

from cases import OpCases


def slice_dim(x: Tensor, dim: int, start: int, end: int, step: int) -> Tensor:
    return x[(slice(None),) * dim + (slice(start, end, step),)]


def interleave(x: Tensor, repeats, dim=None) -> Tensor:
    return torch.repeat_interleave(
        x, torch.tensor(repeats) if isinstance(repeats, list) else repeats, dim)


OPS: Dict[str, Callable[..., Tensor]] = {
    "reshape": lambda x, shape: torch.reshape(x, shape),
    "view": lambda x, shape: x.view(shape),
    "flatten": torch.flatten,
    "unflatten": lambda x, dim, sizes: x.unflatten(dim, sizes),
    "ravel": torch.ravel,
    "transpose": lambda x, dim0, dim1: torch.transpose(x, dim0, dim1),
    "swapaxes": torch.swapaxes,
    "t": torch.t,
    "permute": lambda x, dims: torch.permute(x, dims),
    "movedim": torch.movedim,
    "expand": lambda x, shape: x.expand(shape),
    "expand_as": lambda x, other: x.expand_as(other.detach()),
    "broadcast_to": lambda x, shape: torch.broadcast_to(x, shape),
    "broadcast_tensors": lambda *tensors, part: torch.broadcast_tensors(*tensors)[part],
    "squeeze": torch.squeeze,
    "unsqueeze": torch.unsqueeze,
    "slice": slice_dim,
    "narrow": torch.narrow,
    "select": torch.select,
    "diagonal": torch.diagonal,
    "unfold": lambda x, dim, size, step: x.unfold(dim, size, step),
    "cat": lambda *tensors, dim: torch.cat(tensors, dim),
    "stack": lambda *tensors, dim: torch.stack(tensors, dim),
    "hstack": lambda *tensors: torch.hstack(tensors),
    "vstack": lambda *tensors: torch.vstack(tensors),
    "split": lambda x, size, dim, part: torch.split(x, size, dim)[part],
    "chunk": lambda x, chunks, dim, part: torch.chunk(x, chunks, dim)[part],
    "unbind": lambda x, dim, part: torch.unbind(x, dim)[part],
    "meshgrid": lambda *tensors, indexing, part: torch.meshgrid(*tensors, indexing=indexing)[part],
    "pad": lambda x, pad, mode="constant", value=0.0: F.pad(x, pad, mode, value),
    "flip": torch.flip,
    "roll": torch.roll,
    "rot90": torch.rot90,
    "tril": torch.tril,
    "triu": torch.triu,
    "diag": torch.diag,
    "diag_embed": torch.diag_embed,
    "repeat": lambda x, repeats: x.repeat(repeats),
    "tile": lambda x, repeats: torch.tile(x, repeats),
    "repeat_interleave": interleave,
}


def add_views(cases: OpCases) -> None:
    cases.add("reshape/flatten", (2, 3, 4), shape=[24])
    cases.add("reshape/infer", (2, 3, 4), shape=[4, -1])
    cases.add("reshape/scalar", (1, 1), shape=[])
    cases.add("view/split", (2, 6), shape=[2, 3, -1])
    cases.add("view/scalar", (), shape=[1, 1])
    cases.add("flatten/all", (2, 3, 2))
    cases.add("flatten/last", (2, 3, 2), start_dim=1)
    cases.add("flatten/middle", (2, 3, 2, 2), start_dim=1, end_dim=-2)
    cases.add("flatten/scalar", ())
    cases.add("unflatten/infer", (2, 6), dim=1, sizes=[-1, 2])
    cases.add("unflatten/first", (6, 2), dim=-2, sizes=[2, 3])
    cases.add("ravel/matrix", (2, 3))
    cases.add("transpose/matrix", (2, 3), dim0=0, dim1=1)
    cases.add("transpose/negative", (2, 3, 4), dim0=0, dim1=-1)
    cases.add("swapaxes/3d", (2, 3, 4), axis0=1, axis1=-1)
    cases.add("t/matrix", (2, 3))
    cases.add("t/vector", (3,))
    cases.add("permute/3d", (2, 3, 4), dims=[2, 0, 1])
    cases.add("permute/negative", (2, 1, 3, 2), dims=[0, -1, 1, 2])
    cases.add("movedim/one", (2, 3, 4), source=[0], destination=[-1])
    cases.add("movedim/two", (2, 3, 2, 1), source=[3, 0], destination=[0, 2])
    cases.add("movedim/swap", (2, 3, 4), source=[-1, 0], destination=[0, -1])
    cases.add("expand/stretch", (3, 1), shape=[3, 4])
    cases.add("expand/front", (3,), shape=[2, -1])
    cases.add("expand/scalar", (), shape=[2, 2])
    cases.add("expand_as/row", (3,), torch.zeros(2, 3, dtype=torch.int64))
    cases.add("broadcast_to/row", (3,), shape=[2, 3])
    cases.add("broadcast_tensors/first", (3, 1), (2,), part=0)
    cases.add("broadcast_tensors/second", (3, 1), (2,), (), part=1)
    cases.add("squeeze/all", (1, 3, 1, 2))
    cases.add("squeeze/one", (1, 3, 1, 2), dim=-2)
    cases.add("squeeze/not_one", (1, 3, 1, 2), dim=1)
    cases.add("unsqueeze/middle", (2, 3), dim=1)
    cases.add("unsqueeze/last", (2, 3), dim=-1)
    cases.add("unsqueeze/scalar", (), dim=0)
    cases.add("slice/rows", (5, 3), dim=0, start=1, end=4, step=1)
    cases.add("slice/step2", (3, 7), dim=1, start=1, end=6, step=2)
    cases.add("slice/step3_past_end", (2, 3, 7), dim=2, start=0, end=100, step=3)
    cases.add("slice/negative", (3, 7), dim=1, start=-5, end=-1, step=2)
    cases.add("narrow/rows", (5, 3), dim=0, start=1, length=3)
    cases.add("narrow/negative", (2, 7), dim=-1, start=-4, length=2)
    cases.add("select/row", (4, 3), dim=0, index=-1)
    cases.add("select/middle", (2, 3, 2), dim=-2, index=1)
    cases.add("diagonal/main", (3, 4))
    cases.add("diagonal/above", (3, 4), offset=1)
    cases.add("diagonal/below", (3, 4), offset=-1)
    cases.add("diagonal/outside", (3, 4), offset=5)
    cases.add("diagonal/batch", (2, 3, 2), offset=0, dim1=-1, dim2=0)
    cases.add("unfold/overlap", (7,), dim=0, size=3, step=1)
    cases.add("unfold/gaps", (2, 7), dim=-1, size=2, step=3)
    cases.add("unfold/rows", (5, 2), dim=0, size=3, step=2)


def add_joining(cases: OpCases) -> None:
    cases.add("cat/dim0", (2, 3), (1, 3), (3, 3), dim=0)
    cases.add("cat/dim1", (2, 1, 2), (2, 3, 2), dim=1)
    cases.add("cat/dim_last", (2, 3), (2, 2), dim=-1)
    cases.add("cat/empty", (0,), (2, 3), (2, 1), dim=1)
    cases.add("stack/first", (2, 3), (2, 3), dim=0)
    cases.add("stack/last", (2, 3), (2, 3), dim=-1)
    cases.add("stack/scalars", (), (), dim=0)
    cases.add("hstack/vectors", (2,), (3,))
    cases.add("hstack/matrices", (2, 1), (2, 3))
    cases.add("hstack/scalars", (), ())
    cases.add("vstack/vectors", (3,), (3,))
    cases.add("vstack/mixed", (3,), (2, 3))
    cases.add("vstack/scalars", (), ())
    cases.add("split/size", (5, 2), size=2, dim=0, part=2)
    cases.add("split/list", (2, 6), size=[3, 0, 1, 2], dim=1, part=3)
    cases.add("split/list_empty", (2, 6), size=[3, 0, 1, 2], dim=1, part=1)
    cases.add("split/negative_dim", (2, 5), size=3, dim=-1, part=0)
    cases.add("chunk/uneven", (5, 2), chunks=3, dim=0, part=2)
    cases.add("chunk/even", (2, 6), chunks=3, dim=-1, part=1)
    cases.add("chunk/fewer", (7,), chunks=5, dim=0, part=3)
    cases.add("unbind/first", (3, 2), dim=0, part=1)
    cases.add("unbind/last", (2, 3, 2), dim=-1, part=0)
    cases.add("meshgrid/ij", (2,), (3,), indexing="ij", part=0)
    cases.add("meshgrid/xy", (2,), (3,), (), indexing="xy", part=1)


def add_rearrangement(cases: OpCases) -> None:
    cases.add("pad/last", (3, 4), pad=[1, 2])
    cases.add("pad/two_dims", (2, 3), pad=[1, 0, 0, 2], value=1.5)
    cases.add("pad/cut", (3, 4), pad=[-1, 2, 1, -2], value=0.5)
    cases.add("pad/reflect", (2, 3, 4), pad=[3, 1], mode="reflect")
    cases.add("pad/reflect2", (1, 2, 3, 4), pad=[1, 2, 2, 0], mode="reflect")
    cases.add("pad/replicate", (2, 3), pad=[5, 1], mode="replicate")
    cases.add("pad/replicate2", (1, 2, 3, 2), pad=[1, 0, 2, 4], mode="replicate")
    cases.add("pad/circular", (1, 2, 4), pad=[4, 1], mode="circular")
    cases.add("pad/circular2", (1, 1, 3, 2), pad=[2, 1, 0, 3], mode="circular")
    cases.add("flip/rows", (2, 3), dims=[0])
    cases.add("flip/both", (2, 3, 2), dims=[0, -1])
    cases.add("flip/scalar", (), dims=[0])
    cases.add("roll/flat", (2, 3), shifts=1)
    cases.add("roll/rows", (4, 2), shifts=[-1], dims=[0])
    cases.add("roll/two", (3, 4), shifts=[5, -2], dims=[0, -1])
    cases.add("roll/twice", (5,), shifts=[1, 2], dims=[0, 0])
    for k in (1, 2, 3, -1, 4):
        cases.add(f"rot90/{k}", (2, 3), k=k, dims=[0, 1])
    cases.add("rot90/batch", (2, 3, 2), k=1, dims=[2, 1])
    for op in ("tril", "triu"):
        cases.add(f"{op}/main", (3, 4))
        cases.add(f"{op}/above", (4, 3), diagonal=1)
        cases.add(f"{op}/below", (2, 3, 3), diagonal=-1)
        cases.add(f"{op}/far", (2, 2), diagonal=-5)
    cases.add("diag/vector", (3,))
    cases.add("diag/vector_below", (2,), diagonal=-1)
    cases.add("diag/matrix", (3, 4), diagonal=1)
    cases.add("diag_embed/default", (2, 3))
    cases.add("diag_embed/moved", (2, 3), offset=-1, dim1=0, dim2=2)
    cases.add("diag_embed/swapped", (2, 2), offset=1, dim1=2, dim2=0)
    cases.add("repeat/matrix", (2, 3), repeats=[2, 2])
    cases.add("repeat/front", (3,), repeats=[2, 1, 2])
    cases.add("repeat/none", (2, 2), repeats=[1, 0])
    cases.add("tile/fewer", (2, 3), repeats=[2])
    cases.add("tile/more", (3,), repeats=[2, 1, 2])
    cases.add("repeat_interleave/all", (2, 3), repeats=2)
    cases.add("repeat_interleave/rows", (2, 3), repeats=3, dim=0)
    cases.add("repeat_interleave/each", (2, 3), repeats=[2, 0, 1], dim=-1)


def add(cases: OpCases) -> None:
    add_views(cases)
    add_joining(cases)
    add_rearrangement(cases)

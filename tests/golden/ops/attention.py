"""Attention, as PyTorch has it since 2.0; rows without a key are zeros, as since 2.5."""

import math
from typing import Callable, Dict, Optional

import torch
from torch import Tensor

from cases import OpCases, doubles


def attention(query: Tensor, key: Tensor, value: Tensor, bias: Optional[Tensor] = None,
              attn_mask: Optional[Tensor] = None, is_causal: bool = False,
              scale: Optional[float] = None, enable_gqa: bool = False) -> Tensor:
    if enable_gqa:
        key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3)
                      for t in (key, value))
    scores = query @ key.transpose(-2, -1) * (scale or 1 / math.sqrt(query.shape[-1]))
    if bias is not None:
        scores = scores + bias
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.int64).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(attn_mask == 0, -math.inf)
    none = (scores == -math.inf).all(-1, keepdim=True)
    return torch.softmax(scores.masked_fill(none, 0), -1).masked_fill(none, 0) @ value


OPS: Dict[str, Callable[..., Tensor]] = {
    "scaled_dot_product_attention": attention,
}


def add(cases: OpCases) -> None:
    def case(name: str, *inputs: object, **attrs: object) -> None:
        cases.add(f"scaled_dot_product_attention/{name}", *inputs, **attrs)

    case("plain", (2, 3, 4), (2, 5, 4), (2, 5, 2))
    case("heads", (2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4), scale=0.75)
    case("broadcast", (2, 1, 3, 2), (3, 2, 2), (2, 3, 2, 2))
    case("causal", (2, 4, 3), (2, 4, 3), (2, 4, 2), is_causal=True)
    case("causal_more_keys", (2, 3), (4, 3), (4, 2), is_causal=True)
    case("causal_fewer_keys", (4, 3), (2, 3), (2, 2), is_causal=True)
    case("mask", (2, 2, 4), (2, 3, 4), (2, 3, 2),
         attn_mask=torch.tensor([[1, 0, 1], [0, 0, 0]]))
    case("bias", (2, 2, 4), (2, 3, 4), (2, 3, 2), (2, 3))
    case("bias_infinite", (2, 2), (3, 2), (3, 2),
         doubles([-math.inf, 0.5, 1.0], [-math.inf, -math.inf, -math.inf]))
    case("gqa", (1, 4, 2, 3), (1, 2, 3, 3), (1, 2, 3, 2), enable_gqa=True)

// Matrix products.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// The matrix product, with the rules of torch.matmul: 1-dim tensors are rows or columns, dims in
/// front of the last two are batches and broadcast.
Tensor matmul(const Tensor& a, const Tensor& b, Location at = Location::current());

/// x * weight^T + bias: x [..., in], weight [out, in], bias [out] or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Location at = Location::current());

}  // namespace gradus

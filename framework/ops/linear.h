// Matrix products and what is made of them.
#pragma once

#include "framework/kernels/activation.h"
#include "framework/tensor/tensor.h"

namespace gradus {

using kernels::Activation;

/// The matrix product, with the rules of torch.matmul: 1-dim tensors are rows or columns, dims in
/// front of the last two are batches and broadcast. Any dtype.
Tensor matmul(const Tensor& a, const Tensor& b, Location at = Location::current());

/// matmul for one form of its arguments; other forms throw ShapeError, and nothing broadcasts.
Tensor mm(const Tensor& a, const Tensor& b, Location at = Location::current());   ///< [M, K] [K, N]
Tensor mv(const Tensor& a, const Tensor& v, Location at = Location::current());   ///< [M, K] [K]
Tensor dot(const Tensor& a, const Tensor& b, Location at = Location::current());  ///< [K] [K]
Tensor bmm(const Tensor& a, const Tensor& b,
           Location at = Location::current());  ///< [B, M, K] [B, K, N]

/// a [M], b [N] -> a[i] * b[j] [M, N].
Tensor outer(const Tensor& a, const Tensor& b, Location at = Location::current());

struct AddmmOptions {
  Scalar beta = 1;  ///< with 0 the input is ignored, even NaN
  Scalar alpha = 1;
};

/// beta * input + alpha * mat1 x mat2; input broadcasts to [M, N].
Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2,
             const AddmmOptions& options = {}, Location at = Location::current());
/// The same for batches [B, M, K] x [B, K, N].
Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2,
               const AddmmOptions& options = {}, Location at = Location::current());

/// x * weight^T + bias: x [..., in], weight [out, in], bias [out] or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              Location at = Location::current());

/// activation(linear(x, weight, bias)) in one pass over the result; the same bits, but bfloat16 is
/// rounded once.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              Location at = Location::current());

/// x1 [..., in1], x2 [..., in2], weight [out, in1, in2], bias [out] or undefined -> [..., out]:
/// element o is x1 * weight[o] * x2 + bias[o].
Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias = {},
                Location at = Location::current());

/// sum(x1 * x2) / (max(|x1|, eps) * max(|x2|, eps)) along `dim` of the broadcast tensors.
Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int dim = 1, double eps = 1e-8,
                         Location at = Location::current());

}  // namespace gradus

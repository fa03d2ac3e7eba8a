// Matrix products, in blocks fixed by the sizes. f32 runs on oneDNN, f64 and bf16 on a loop over
// packed panels that sums in double (bf16 on oneDNN where it is native); products with a vector
// run on dot products in fixed lanes; integers and what is tiny run on the naive loop, the oracle
// of the tests.
#pragma once

#include "framework/kernels/activation.h"

namespace gradus::kernels {

/// out [M, N] = f(a [M, K] x b [K, N] + bias [N]); no bias where its data is null. All of one
/// dtype; any strides, but out's rows must lie in one piece for an activation. K == 0 gives zeros
/// (plus the bias).
void matmul(const View& out, const View& a, const View& b, const View& bias = {},
            Activation activation = Activation::None);

/// The same for out, a and b of bf16 and a bias of bf16 or f32; rounded once.
void matmul_bfloat16(const View& out, const View& a, const View& b, const View& bias,
                     Activation activation);

/// Three nested loops; sums in double for floating types.
void matmul_naive(const View& out, const View& a, const View& b, const View& bias = {});

/// The loop for f64 and bf16.
void matmul_packed(const View& out, const View& a, const View& b, const View& bias);

/// The batched form: out [batch..., M, N]; a and b have the same number of dims as out, with
/// stride 0 where a batch dim is broadcast.
void batched_matmul(const View& out, const View& a, const View& b);

/// Whether a product [m, k] x [k, n] is one for oneDNN (see product.h).
bool is_large_product(DType dtype, std::int64_t m, std::int64_t k, std::int64_t n);

}  // namespace gradus::kernels

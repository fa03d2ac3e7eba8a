// Matrix products, in blocks fixed by the sizes. f32 runs on oneDNN, f64 and bf16 on a loop over
// packed panels that sums in double; integers on the naive loop, the oracle of the tests.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// out [M, N] = a [M, K] x b [K, N] (+ bias [N], when its data is not null).
/// All of one dtype; any strides. K == 0 gives zeros (plus the bias).
void matmul(const View& out, const View& a, const View& b, const View& bias = {});

/// Three nested loops; sums in double for floating types.
void matmul_naive(const View& out, const View& a, const View& b, const View& bias = {});

/// The batched form: out [batch..., M, N]; a and b have the same number of dims as out, with
/// stride 0 where a batch dim is broadcast.
void batched_matmul(const View& out, const View& a, const View& b);

}  // namespace gradus::kernels

// Attention without a mask of its own: softmax(q * k^T * scale) * v, for each batch of matrices.
//
// A batch (a head of a sample) is one serial task. Its scores exist eight rows at a time, and those
// that causality forbids are never computed. Sums run in the order of the index, f32 and bf16 in
// float, f64 in double.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

struct AttentionForm {
  double scale = 1;
  bool causal = false;  // whether query i sees keys 0 to i only
};

/// The sizes [batch..., queries, keys rounded up] of the weights that the gradient needs, and their
/// dtype (f64 for f64, f32 for the others).
Shape attention_weight_sizes(const Shape& query, const Shape& key);
DType attention_weight_dtype(DType dtype);

/// out [batch..., L, Ev] from q [batch..., L, E], k [batch..., S, E], v [batch..., S, Ev]: of one
/// dtype and any strides, stride 0 where a batch dim is broadcast. `weights`, contiguous, receives
/// the softmax; its data may be null.
void attention(const View& out, const View& weights, const View& q, const View& k, const View& v,
               const AttentionForm& form);

/// The gradients by q, k and v, with all batch dims, from g by out. Any strides.
void attention_grad(const View& gq, const View& gk, const View& gv, const View& g,
                    const View& weights, const View& q, const View& k, const View& v,
                    const AttentionForm& form);

}  // namespace gradus::kernels

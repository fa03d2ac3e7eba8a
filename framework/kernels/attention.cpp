#include "framework/kernels/attention.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/attention.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/profile.h"

namespace gradus::kernels {
namespace {

using native::AttentionHead;
using native::AttentionOf;
using native::Strided;

constexpr std::int64_t kTaskWork = 100000;  // multiply-adds worth a task of their own

// The matrix of batch `index` of a view with the batch dims of `sizes`.
template <class T, class Element = std::remove_const_t<T>>
Strided<T> matrix(const View& view, const Shape& sizes, std::int64_t index) {
  const int dims = sizes.size() - 2;
  std::int64_t offset = 0;
  for (int d = dims - 1; d >= 0; --d) {
    offset += index % sizes[d] * view.strides[d];
    index /= sizes[d];
  }
  return {view.as<Element>() + offset, view.strides[dims], view.strides[dims + 1]};
}

template <class T>
AttentionHead<T> head_of(const Shape& sizes, std::int64_t index, const View& weights, const View& q,
                         const View& k, const View& v, const AttentionForm& form) {
  using C = Compute<T>;
  const int row = sizes.size() - 2;
  AttentionHead<T> head{.queries = q.sizes[row],
                        .keys = k.sizes[row],
                        .width = q.sizes[row + 1],
                        .value_width = v.sizes[row + 1],
                        .scale = static_cast<C>(form.scale),
                        .causal = form.causal,
                        .q = matrix<const T>(q, sizes, index),
                        .k = matrix<const T>(k, sizes, index),
                        .v = matrix<const T>(v, sizes, index),
                        .weights = nullptr};
  if (weights.data != nullptr) {
    head.weights = weights.as<C>() + index * head.queries * native::in_panels(head.keys);
  }
  return head;
}

// Calls body(number) for each batch, several to a task where they are small.
template <class Body>
void for_each_head(const Shape& sizes, std::int64_t work, Body body) {
  std::int64_t heads = 1;
  for (int d = 0; d + 2 < sizes.size(); ++d) heads *= sizes[d];
  parallel_for(Split(heads, kTaskWork / (work + 1) + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

std::int64_t work_of(const View& q, const View& k, const View& v) {
  const int row = q.sizes.size() - 2;
  return q.sizes[row] * k.sizes[row] * (q.sizes[row + 1] + v.sizes[row + 1]);
}

// The multiply-adds of one pass of two products for all heads: under causality of those pairs alone
// that see each other.
std::int64_t multiply_adds_of(const View& out, const View& q, const View& k, const View& v,
                              bool causal) {
  const int row = q.sizes.size() - 2;
  const std::int64_t queries = q.sizes[row];
  const std::int64_t keys = k.sizes[row];
  std::int64_t pairs = 0;
  for (std::int64_t i = 0; i < queries; ++i) pairs += causal ? std::min(i + 1, keys) : keys;
  const std::int64_t heads =
      out.sizes.numel() / std::max<std::int64_t>(1, queries * v.sizes[row + 1]);
  return heads * pairs * (q.sizes[row + 1] + v.sizes[row + 1]);
}

void count(const View& out, const View& q, const View& k, const View& v, bool causal,
           std::int64_t passes) {
  if (!profile::is_on()) return;
  profile::count_kernel("gradus", passes * multiply_adds_of(out, q, k, v, causal));
}

}  // namespace

Shape attention_weight_sizes(const Shape& query, const Shape& key) {
  Shape sizes = query;
  sizes[sizes.size() - 1] = native::in_panels(key[key.size() - 2]);
  return sizes;
}

DType attention_weight_dtype(DType dtype) {
  return dtype == kFloat64 ? kFloat64 : kFloat32;
}

void attention(const View& out, const View& weights, const View& q, const View& k, const View& v,
               const AttentionForm& form) {
  count(out, q, k, v, form.causal, 1);
  dispatch_floating(out.dtype, [&]<class T>(T) {
    const auto& loops = native::attention_loops().of<T>();
    for_each_head(out.sizes, work_of(q, k, v), [&](std::int64_t i) {
      const AttentionHead<T> head = head_of<T>(out.sizes, i, weights, q, k, v, form);
      Scratch<Compute<T>> scratch(AttentionOf<T>::forward_scratch(head));
      loops.forward(head, matrix<T>(out, out.sizes, i), scratch.data());
    });
  });
}

void attention_grad(const View& gq, const View& gk, const View& gv, const View& g,
                    const View& weights, const View& q, const View& k, const View& v,
                    const AttentionForm& form) {
  count(g, q, k, v, form.causal, 2);
  dispatch_floating(g.dtype, [&]<class T>(T) {
    const auto& loops = native::attention_loops().of<T>();
    for_each_head(g.sizes, 2 * work_of(q, k, v), [&](std::int64_t i) {
      const AttentionHead<T> head = head_of<T>(g.sizes, i, weights, q, k, v, form);
      Scratch<Compute<T>> scratch(AttentionOf<T>::backward_scratch(head));
      loops.backward(head,
                     {matrix<const T>(g, g.sizes, i), matrix<T>(gq, g.sizes, i),
                      matrix<T>(gk, g.sizes, i), matrix<T>(gv, g.sizes, i)},
                     scratch.data());
    });
  });
}

}  // namespace gradus::kernels

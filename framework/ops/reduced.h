// What ops over dims share. Included by op families only.
#pragma once

#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus::ops {

/// Which dims are reduced (1 or 0 for each), with the shapes before and after dropping them.
struct Reduced {
  Shape flags;
  Shape kept;     // with size 1 in reduced dims
  Shape dropped;  // without them
  std::int64_t count = 1;

  /// An empty list means all dims.
  Reduced(const Shape& sizes, const Shape& dims)
      : flags(Shape::filled(sizes.size(), dims.empty() ? 1 : 0)) {
    for (const std::int64_t dim : dims) {
      const int d = normalize_dim(static_cast<int>(dim), sizes.size());
      if (sizes.empty()) continue;
      if (flags[d] != 0) throw ValueError("dim " + std::to_string(dim) + " is listed twice");
      flags[d] = 1;
    }
    for (int d = 0; d < sizes.size(); ++d) {
      kept.push_back(flags[d] != 0 ? 1 : sizes[d]);
      if (flags[d] == 0) dropped.push_back(sizes[d]);
      if (flags[d] != 0) count *= sizes[d];
    }
  }
  [[nodiscard]] const Shape& result(bool keepdim) const { return keepdim ? kept : dropped; }
};

using ReduceKernel = void(const kernels::View& out, const kernels::View& in, const Shape& reduced);

/// The result of a kernel over dims.
template <class Kernel>
Tensor reduce_with(const Tensor& x, const Reduced& reduced, bool keepdim, DType dtype,
                   Kernel kernel) {
  const Tensor out(reduced.result(keepdim), dtype);
  kernel(out.raw().with(reduced.kept, contiguous_strides(reduced.kept)), x.raw(), reduced.flags);
  return out;
}

inline void expect_floating(const Tensor& x) {
  if (x.is_floating_point()) return;
  throw DTypeError("needs a floating tensor, got " + std::string(name_of(x.dtype())) +
                   "; convert it with .to(gradus::kFloat32)");
}

/// Throws unless the reduced dims hold elements: `what` ("largest value") needs one.
inline void expect_elements(std::int64_t count, const char* what, const Tensor& x) {
  if (count > 0) return;
  throw ShapeError("no " + std::string(what) + " among no elements (shape " + to_string(x.sizes()) +
                   ")");
}

/// The sum over the dims that `reduced` reduces, which stay with size 1.
inline Tensor sum_over(const Tensor& x, const Reduced& reduced) {
  Shape dims;
  for (int d = 0; d < reduced.flags.size(); ++d) {
    if (reduced.flags[d] != 0) dims.push_back(d);
  }
  return dims.empty() ? x : sum(x, dims, true);
}

/// The gradient of y, an extreme or median of x: an even share to all its equals. NaN equals NaN.
inline Tensor share_evenly(const Tensor& g, const Tensor& x, const Tensor& y,
                           const Reduced& reduced) {
  const Tensor top = reshape(y, reduced.kept);
  Tensor winners = eq(x, top);
  if (any(ne(top, top)).item<bool>()) winners = winners + ne(x, x) * ne(top, top);
  const Tensor shares = winners.to(g.dtype());
  return reshape(g, reduced.kept) * shares / sum_over(shares, reduced);
}

/// Samples of an op over dims, with a shape reduced to nothing where that `has_identity`.
template <class Op>
Samples over_dims(Op op, bool has_identity) {
  const auto over = [op](const Shape& dims, bool keepdim) {
    return [=](Inputs in) { return op(in[0], dims, keepdim); };
  };
  Samples result{
      .good = {{{sample({3, 4})}, over({}, false)},
               {{sample({2, 3, 4})}, over({1}, false)},
               {{sample({2, 3, 4})}, over({0, -1}, true)},
               {{sample({2, 3, 2, 2})}, over({0, 2, 3}, false)},
               {{sample({0, 3})}, over({1}, false)}},
      .bad = {{{sample({3, 4})}, over({2}, false), "dim 2 is out of range for a tensor of 2 dims"},
              {{sample({3, 4})}, over({0, -2}, false), "dim -2 is listed twice"}}};
  for (const bool keepdim : {false, true}) {
    result.good.push_back({{sample({})}, over({}, keepdim)});
    result.good.push_back({{sample({})}, over({-1}, keepdim)});
  }
  if (has_identity) result.good.push_back({{sample({0, 3})}, over({0}, false)});
  return result;
}

}  // namespace gradus::ops

#include "framework/ops/reduction.h"
#include "framework/kernels/reduce.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

// Which dims are reduced (1 or 0 for each), with the shapes before and after dropping them.
struct Reduced {
  Shape flags;
  Shape kept;     // with size 1 in reduced dims
  Shape dropped;  // without them
  std::int64_t count = 1;

  Reduced(const Shape& sizes, const Shape& dims) : flags(Shape::filled(sizes.size(), 0)) {
    for (const std::int64_t dim : dims) {
      const int d = normalize_dim(static_cast<int>(dim), sizes.size());
      if (sizes.empty()) continue;
      if (flags[d] != 0) throw ValueError("dim " + std::to_string(dim) + " is listed twice");
      flags[d] = 1;
    }
    if (dims.empty()) flags = Shape::filled(sizes.size(), 1);
    for (int d = 0; d < sizes.size(); ++d) {
      kept.push_back(flags[d] != 0 ? 1 : sizes[d]);
      if (flags[d] == 0) dropped.push_back(sizes[d]);
      if (flags[d] != 0) count *= sizes[d];
    }
  }
  [[nodiscard]] const Shape& result(bool keepdim) const { return keepdim ? kept : dropped; }
};

// A result with its reduced dims dropped or kept; the memory is the same.
Tensor shaped(const Tensor& kept, const Reduced& reduced, bool keepdim) {
  const Shape& sizes = reduced.result(keepdim);
  return alias(kept, sizes, contiguous_strides(sizes), 0);
}

Samples reductions(Tensor (*op)(const Tensor&, const Shape&, bool, Location), bool of_nothing) {
  const auto over = [op](const Shape& dims, bool keepdim) {
    return [=](Inputs in) { return op(in[0], dims, keepdim, Location::current()); };
  };
  Samples result{
      .good = {{{sample({3, 4})}, over({}, false)},
               {{sample({2, 3, 4})}, over({1}, false)},
               {{sample({2, 3, 4})}, over({0, -1}, true)},
               {{sample({2, 3, 2, 2})}, over({0, 2, 3}, false)},
               {{sample({})}, over({}, false)},
               {{sample({})}, over({0}, true)},
               {{sample({0, 3})}, over({1}, false)}},
      .bad = {{{sample({3, 4})}, over({2}, false), "dim 2 is out of range for a tensor of 2 dims"},
              {{sample({3, 4})}, over({0, -2}, false), "dim -2 is listed twice"}}};
  if (of_nothing) result.good.push_back({{sample({0, 3})}, over({0}, false)});
  return result;
}

struct Sum {
  static constexpr OpInfo kInfo{.name = "sum",
                                .doc = "The sum over dims. Integers and bool sum to int64.",
                                .promotes = false};
  Shape dims;
  bool keepdim = false;

  Tensor forward(Inputs in) {
    const Reduced reduced(in[0].sizes(), dims);
    Tensor out(reduced.kept, in[0].is_floating_point() ? in[0].dtype() : kInt64);
    kernels::sum(out.raw(), in[0].raw(), reduced.flags);
    return shaped(out, reduced, keepdim);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Reduced reduced(s.sizes(0), dims);
    return {expand(reshape(g, reduced.kept), s.sizes(0))};
  }
  static Samples samples() { return reductions(sum, true); }
};

struct Amax {
  static constexpr OpInfo kInfo{
      .name = "amax",
      .doc = "The largest value over dims; NaN wins. The gradient is shared evenly among ties.",
      .saves = kSaveInput0 | kSaveOutput};
  Shape dims;
  bool keepdim = false;

  Tensor forward(Inputs in) {
    const Reduced reduced(in[0].sizes(), dims);
    if (reduced.count == 0) {
      throw ShapeError("no largest value among no elements (shape " + to_string(in[0].sizes()) +
                       ")");
    }
    if (!in[0].is_floating_point()) throw DTypeError("needs a floating tensor; see max and argmax");
    Tensor out(reduced.kept, in[0].dtype());
    kernels::amax(out.raw(), in[0].raw(), reduced.flags);
    return shaped(out, reduced, keepdim);
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Reduced reduced(s.sizes(0), dims);
    const Tensor winners = eq(s.input(0), reshape(s.output(), reduced.kept)).to(g.dtype());
    Shape all;
    for (int d = 0; d < reduced.flags.size(); ++d) {
      if (reduced.flags[d] != 0) all.push_back(d);
    }
    const Tensor ties = all.empty() ? winners : sum(winners, all, true);
    return {reshape(g, reduced.kept) * winners / ties};
  }
  static Samples samples() { return reductions(amax, false); }
};

struct Argmax {
  static constexpr OpInfo kInfo{
      .name = "argmax",
      .doc = "The index of the first largest value along a dim, or among all; NaN is largest.",
      .promotes = false,
      .differentiable = false};
  std::optional<int> dim;
  bool keepdim = false;

  Tensor forward(Inputs in) {
    const Tensor x = dim && in[0].dim() > 0 ? in[0] : reshape(in[0], {in[0].numel()});
    const int d = dim ? normalize_dim(*dim, in[0].dim()) : 0;
    if (x.size(d) == 0) {
      throw ShapeError("no largest value among no elements (shape " + to_string(in[0].sizes()) +
                       ")");
    }
    const Reduced reduced(x.sizes(), {d});
    Tensor out(reduced.kept, kInt64);
    kernels::argmax(out.raw(), x.raw(), d);
    if (!dim || in[0].dim() == 0) {
      const Shape ones = Shape::filled(keepdim ? in[0].dim() : 0, 1);
      return alias(out, ones, contiguous_strides(ones), 0);
    }
    return shaped(out, reduced, keepdim);
  }
  Gradients backward(const Saved&, const Tensor&, const Needs&) { return {}; }
  static Samples samples() {
    const auto along = [](std::optional<int> dim, bool keepdim) {
      return [=](Inputs in) { return argmax(in[0], dim, keepdim); };
    };
    return {.good = {{{sample({3, 4})}, along({}, false)},
                     {{sample({3, 4, 2})}, along(1, false)},
                     {{sample({3, 4})}, along(-1, true)},
                     {{sample({})}, along(0, false)},
                     {{sample({0, 3})}, along(1, false)}},
            .bad = {{{sample({3, 0})}, along(1, false), "no largest value among no elements"}}};
  }
};

const RegisterOps<Sum, Amax, Argmax> kRegistered;

}  // namespace
}  // namespace ops

Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Sum{dims, keepdim}, {x}, at);
}

Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::compose("mean", at, [&] {
    if (!x.is_floating_point()) {
      throw DTypeError("needs a floating tensor, got " + std::string(name_of(x.dtype())) +
                       "; convert it with .to(gradus::kFloat32)");
    }
    const double count = static_cast<double>(ops::Reduced(x.sizes(), dims).count);
    return div(sum(x, dims, keepdim), count);
  });
}

Tensor amax(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return ops::apply(ops::Amax{dims, keepdim}, {x}, at);
}

Tensor max(const Tensor& x, Location at) {
  if (x.defined() && !x.is_floating_point()) {
    const Tensor flat = reshape(x, {x.numel()}, at);
    return reshape(max(flat, 0, false, at).first, {}, at);
  }
  return amax(x, {}, false, at);
}

std::pair<Tensor, Tensor> max(const Tensor& x, int dim, bool keepdim, Location at) {
  const Tensor indices = argmax(x, dim, true, at);
  if (x.dim() == 0) return {x, reshape(indices, {})};
  const Tensor values = gather(x, dim, indices, at);
  if (keepdim) return {values, indices};
  Shape sizes = values.sizes();
  sizes.erase(normalize_dim(dim, x.dim()));
  return {reshape(values, sizes, at), reshape(indices, sizes, at)};
}

Tensor argmax(const Tensor& x, std::optional<int> dim, bool keepdim, Location at) {
  return ops::apply(ops::Argmax{dim, keepdim}, {x}, at);
}

}  // namespace gradus

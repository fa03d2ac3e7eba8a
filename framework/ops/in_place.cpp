#include "framework/ops/in_place.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

int category(DType dtype) {
  return dtype == kBool ? 0 : is_floating(dtype) ? 2 : 1;
}

void check_memory(const kernels::View& out, const char* writer) {
  for (int d = 0; d < out.sizes.size(); ++d) {
    if (out.sizes[d] > 1 && out.strides[d] == 0) {
      throw StateError(std::string(writer) +
                       ": several elements of the tensor share one place in memory (expand); "
                       "clone() it first");
    }
  }
}

void check_dtype(DType target, DType source, const char* writer) {
  if (category(source) <= category(target)) return;
  throw DTypeError(std::string(writer) + ": a " + std::string(name_of(source)) +
                   " result does not fit into a tensor of " + std::string(name_of(target)));
}

// The same elements at the same place of the graph, as a tensor of its own.
Tensor with_node_of(const Tensor& x, Tensor values) {
  values.impl()->node = x.impl()->node;
  return values;
}

bool shares_memory(const Tensor& a, const Tensor& b) {
  return a.impl()->storage == b.impl()->storage;
}

bool same_view(const Tensor& a, const Tensor& b) {
  const TensorImpl& x = *a.impl();
  const TensorImpl& y = *b.impl();
  return x.offset == y.offset && x.strides == y.strides && x.sizes == y.sizes && x.dtype == y.dtype;
}

// Zeros: what a value that was overwritten has as its gradient.
struct Overwrite {
  static constexpr OpInfo kInfo{.name = "overwrite",
                                .doc =
                                    "The second tensor, broadcast to the first and in its dtype; "
                                    "the gradient of the first is 0.",
                                .inputs = 2,
                                .promotes = false};
  Tensor forward(Inputs in) {
    Tensor out(in[0].sizes(), in[0].dtype());
    if (!(broadcast_shapes(in[0].sizes(), in[1].sizes()) == in[0].sizes())) {
      throw ShapeError("shape " + to_string(in[1].sizes()) + " does not fit into " +
                       to_string(in[0].sizes()));
    }
    kernels::copy(out.raw(), in[1].raw().broadcast(in[0].sizes()));
    dtype = in[1].dtype();
    return out;
  }
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    return {needs[0] ? zeros(s.sizes(0), g.dtype()) : Tensor(), needs[1] ? g.to(dtype) : Tensor()};
  }
  static Samples samples() {
    const auto call = [](Inputs in) {
      return apply(Overwrite(), {in[0], in[1]}, Location::current());
    };
    return {.good = {{{sample({2, 3}), sample({3})}, call}, {{sample({}), sample({})}, call}},
            .bad = {{{sample({2}), sample({3})}, call, "do not broadcast"}}};
  }
  DType dtype = kFloat32;
};

const RegisterOps<Overwrite> kRegistered;

bool recorded_with(const Tensor& x, const Tensor& other) {
  return GradMode::is_enabled() && (x.requires_grad() || other.requires_grad());
}

Tensor overwrite(const Tensor& x, const Tensor& source, const char* writer, const Location& at) {
  return in_place(x, {source}, writer, at, [&](const Tensor& old) {
    return apply(Overwrite(), {old, source}, at);
  });
}

// Runs a write to x's own memory, of which nothing is recorded.
template <class Write>
Tensor write(const Tensor& x, const char* writer, const Location& at, Write body) {
  try {
    check_in_place(x, writer, false);
    body(x.raw());
    x.impl()->storage->mark_written(writer);
    return x;
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

void check_source(const Tensor& x, const Tensor& source, const char* writer) {
  if (!source.defined()) throw StateError(std::string(writer) + ": its source is undefined");
  const int shift = x.dim() - source.dim();
  bool fits = shift >= 0;
  for (int d = 0; fits && d < source.dim(); ++d) {
    fits = source.sizes()[d] == 1 || source.sizes()[d] == x.sizes()[d + shift];
  }
  if (fits) return;
  throw ShapeError(std::string(writer) + ": shape " + to_string(source.sizes()) +
                   " does not fit into " + to_string(x.sizes()));
}

// `source` itself, or a copy where writing to `x` would change it on the way.
Tensor apart_from(const Tensor& x, const Tensor& source) {
  return shares_memory(x, source) && !same_view(x, source) ? source.detach().clone()
                                                           : source.detach();
}

// x += alpha * other, where nothing is recorded: gradients are accumulated so. Integers wrap.
void add_to(const kernels::View& out, const kernels::View& other, Scalar alpha) {
  kernels::dispatch(out.dtype, [&]<class T>(T) {
    using C = std::conditional_t<std::is_same_v<T, std::int64_t>, std::uint64_t, Compute<T>>;
    const auto scale = static_cast<C>(alpha.to<Compute<T>>());
    kernels::map<T, T, T>(
        [=](T a, T b) { return static_cast<T>(static_cast<C>(a) + scale * static_cast<C>(b)); },
        out, out, other);
  });
}

}  // namespace

void check_in_place(const Tensor& x, const char* writer, bool recorded) {
  if (!x.defined()) throw StateError(std::string(writer) + ": the tensor is undefined");
  check_memory(x.raw(), writer);
  if (!GradMode::is_enabled()) return;
  if (x.requires_grad() && x.is_leaf()) {
    throw StateError(std::string(writer) +
                     ": writes to a leaf that requires a gradient; do it under "
                     "gradus::NoGradGuard, or compute a new tensor");
  }
  if (!recorded && !x.requires_grad()) return;
  const TensorImpl& impl = *x.impl();
  const bool seen = impl.has_views && impl.storage->use_count() > 1;
  if (!impl.is_view && !seen) return;
  const char* what = !impl.is_view       ? ": writes to a tensor of a graph that has views"
                     : x.requires_grad() ? ": writes to a view of a tensor of a graph"
                                         : ": writes a result of a graph into a view";
  throw StateError(std::string(writer) + what +
                   ", and the other would keep its old gradient. Compute a new tensor (where, "
                   "cat, index_put), or clone() it first");
}

void write_in_place(const Tensor& x, const Tensor& result, const char* writer) {
  if (!(result.sizes() == x.sizes())) {
    throw ShapeError(std::string(writer) + ": a result of shape " + to_string(result.sizes()) +
                     " does not fit into " + to_string(x.sizes()));
  }
  check_dtype(x.dtype(), result.dtype(), writer);
  const Tensor fitting = result.to(x.dtype());
  const bool recorded = fitting.requires_grad();
  if (recorded) check_in_place(x, writer, true);
  kernels::copy(x.raw(), fitting.raw());
  x.impl()->storage->mark_written(writer);
  if (Trace* trace = Trace::current()) trace->add_write(x, fitting);
  if (!recorded) return;
  const bool retained = x.retains_grad();
  if (x.impl()->node) x.impl()->node->tensor_gone(x.impl().get());
  x.impl()->node = fitting.impl()->node;
  if (retained) x.retain_grad();
}

Tensor before_write(const Tensor& x, std::initializer_list<Tensor> others) {
  bool recorded = x.requires_grad();
  for (const Tensor& other : others) recorded = recorded || other.requires_grad();
  if (!recorded || !GradMode::is_enabled()) return x;
  const NoGradGuard no_grad;
  return with_node_of(x, x.clone());
}

}  // namespace ops

Tensor Tensor::fill_(Scalar value, Location at) const {
  if (ops::recorded_with(*this, {})) {
    return ops::overwrite(*this, wrapped_number(value), "fill_", at);
  }
  return ops::write(*this, "fill_", at, [&](const kernels::View& out) {
    ops::check_dtype(out.dtype, value.dtype(), "fill_");
    value.check_fits(out.dtype);
    value.visit([&](auto number) { kernels::fill(out, number); });
  });
}

Tensor Tensor::zero_(Location at) const {
  if (ops::recorded_with(*this, {})) {
    return ops::overwrite(*this, wrapped_number(0), "zero_", at);
  }
  return ops::write(*this, "zero_", at, [](const kernels::View& out) { kernels::fill(out, 0); });
}

Tensor Tensor::copy_(const Tensor& source, Location at) const {
  if (ops::recorded_with(*this, source)) return ops::overwrite(*this, source, "copy_", at);
  return ops::write(*this, "copy_", at, [&](const kernels::View& out) {
    ops::check_source(*this, source, "copy_");
    kernels::copy(out, ops::apart_from(*this, source).raw().broadcast(out.sizes));
  });
}

Tensor Tensor::add_(const Tensor& other, Scalar alpha, Location at) const {
  if (ops::recorded_with(*this, other)) {
    return ops::in_place(*this, {other}, "add_", at, [&](const Tensor& x) {
      const bool plain = alpha.to_double() == 1;
      return gradus::add(Operand(x, at), plain ? other : gradus::mul(Operand(other, at), alpha));
    });
  }
  return ops::write(*this, "add_", at, [&](const kernels::View& out) {
    ops::check_source(*this, other, "add_");
    const DType other_dtype =
        other.impl()->wrapped_number && is_floating(other.dtype()) ? kFloat32 : other.dtype();
    ops::check_dtype(out.dtype, promote(other_dtype, alpha.dtype()), "add_");
    const Tensor source = ops::apart_from(*this, other).to(out.dtype);
    ops::add_to(out, source.raw().broadcast(out.sizes), alpha);
  });
}

Tensor Tensor::sub_(const Tensor& other, Scalar alpha, Location at) const {
  return ops::in_place(*this, {other}, "sub_", at, [&](const Tensor& x) {
    const bool plain = alpha.to_double() == 1;
    return gradus::sub(Operand(x, at), plain ? other : gradus::mul(Operand(other, at), alpha));
  });
}

Tensor Tensor::mul_(const Tensor& other, Location at) const {
  return ops::in_place(*this, {other}, "mul_", at,
                       [&](const Tensor& x) { return gradus::mul(Operand(x, at), other); });
}

Tensor Tensor::div_(const Tensor& other, Location at) const {
  return ops::in_place(*this, {other}, "div_", at,
                       [&](const Tensor& x) { return gradus::div(Operand(x, at), other); });
}

Tensor Tensor::add_(Scalar number, Location at) const {
  return add_(wrapped_number(number), 1, at);
}

Tensor Tensor::sub_(Scalar number, Location at) const {
  return sub_(wrapped_number(number), 1, at);
}

Tensor Tensor::mul_(Scalar factor, Location at) const {
  return mul_(wrapped_number(factor), at);
}

Tensor Tensor::div_(Scalar divisor, Location at) const {
  return div_(wrapped_number(divisor), at);
}

}  // namespace gradus

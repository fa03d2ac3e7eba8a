#include "framework/ops/conversion.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/apply.h"

namespace gradus {
namespace ops {
namespace {

struct To {
  static constexpr OpInfo kInfo{
      .name = "to", .doc = "The same values in another dtype.", .promotes = false};
  DType dtype;
  DType before = kFloat32;

  void describe(Attributes& a) const { a("dtype", dtype); }
  Tensor forward(Inputs in) {
    before = in[0].dtype();
    Tensor out = empty_like(in[0], dtype);
    kernels::copy(out.raw(), in[0].raw());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {to(g, before)}; }
  static Samples samples() {
    // There and back, so that the result stays in the dtype that gradcheck can measure.
    const auto call = [](Inputs in) { return to(in[0], kFloat64); };
    return {.good = {{{sample({2, 3}).to(kFloat32).to(kFloat64)}, call},
                     {{sample({}).to(kFloat32).to(kFloat64)}, call}}};
  }
};

struct Clone {
  static constexpr OpInfo kInfo{.name = "clone",
                                .doc = "A copy in dense memory; the gradient passes through.",
                                .promotes = false};
  std::optional<MemoryFormat> format;

  void describe(Attributes&) const {}
  Tensor forward(Inputs in) {
    Tensor out = format ? Tensor(in[0].sizes(), in[0].dtype(), *format) : empty_like(in[0]);
    kernels::copy(out.raw(), in[0].raw());
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g}; }
  static Samples samples() {
    const auto as = [](std::optional<MemoryFormat> format) {
      return [=](Inputs in) { return clone(in[0], format); };
    };
    return {.good = {{{sample({2, 3})}, as({})},
                     {{sample({2, 3, 2, 2})}, as(MemoryFormat::ChannelsLast)},
                     {{sample({})}, as(MemoryFormat::Contiguous)},
                     {{sample({0, 3})}, as({})}},
            .bad = {{{sample({2, 3})}, as(MemoryFormat::ChannelsLast), "needs 4 dims"}}};
  }
};

const RegisterOps<To, Clone> kRegistered;

}  // namespace
}  // namespace ops

Tensor to(const Tensor& x, DType dtype, Location at) {
  if (x.defined() && x.dtype() == dtype) return x;
  return ops::apply(ops::To{dtype}, {x}, at);
}

Tensor clone(const Tensor& x, std::optional<MemoryFormat> format, Location at) {
  return ops::apply(ops::Clone{format}, {x}, at);
}

Tensor contiguous(const Tensor& x, MemoryFormat format, Location at) {
  if (x.defined() && x.is_contiguous(format)) return x;
  return clone(x, format, at);
}

}  // namespace gradus

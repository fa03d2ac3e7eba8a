#include "framework/ops/dropout.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

struct Dropout {
  static constexpr OpInfo kInfo{
      .name = "dropout",
      .doc = "Sets elements to 0 with probability p and scales the others by 1 / (1 - p).",
      .floating = true,
      .keeps = true};
  double p;
  kernels::RandomKey key;
  Tensor mask{};  // 0 or 1 / (1 - p)

  Tensor forward(Inputs in) {
    if (!(p >= 0 && p < 1)) throw ValueError("p must be in [0, 1), got " + std::to_string(p));
    const Tensor noise(in[0].sizes(), kFloat32);
    kernels::random_uniform(noise.raw(), key);
    mask = (noise >= p).to(in[0].dtype()) * (1 / (1 - p));
    return in[0] * mask;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) { return {g * mask}; }
  static Samples samples() {
    // Every call draws the same mask, so that finite differences see one function.
    const auto with = [](double p) {
      return [p](Inputs in) {
        Generator generator(7);
        return dropout(in[0], p, true, generator);
      };
    };
    return {.good = {{{sample({3, 4})}, with(0.5)},
                     {{sample({2, 3, 2, 2})}, with(0.1)},
                     {{sample({})}, with(0)},
                     {{sample({0, 3})}, with(0.5)}},
            .bad = {{{sample({3})}, with(1), "p must be in [0, 1)"},
                    {{sample({3})}, with(-0.1), "p must be in [0, 1)"}}};
  }
};

const RegisterOps<Dropout> kRegistered;

}  // namespace
}  // namespace ops

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator, Location at) {
  if (!training) return x;
  return ops::apply(ops::Dropout{p, generator.next()}, {x}, at);
}

}  // namespace gradus

#include "framework/ops/dropout.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/shape.h"

#include <cmath>

namespace gradus {
namespace ops {
namespace {

void check_probability(double p) {
  if (!(p >= 0 && p <= 1)) throw ValueError("p must be in [0, 1], got " + std::to_string(p));
}

// True with probability 1 - p.
Tensor draw(const Shape& sizes, double p, const kernels::RandomKey& key) {
  const Tensor noise(sizes, kFloat32);
  kernels::random_uniform(noise.raw(), key);
  return noise >= p;
}

// x * scale where `keep` (which broadcasts) is true, x * 0 elsewhere.
Tensor masked(const Tensor& x, const Tensor& keep, double scale) {
  Tensor out = result_like(x.sizes(), x.dtype(), {&x, 1});
  kernels::dispatch_floating(x.dtype(), [&]<class T>(T) {
    using C = Compute<T>;
    const auto factor = static_cast<C>(scale);
    kernels::map<T, T, bool>(
        [factor](T v, bool kept) {
          return static_cast<T>(static_cast<C>(v) * (kept ? factor : C{}));
        },
        out.raw(), x.raw(), keep.raw().broadcast(x.sizes()));
  });
  return out;
}

Tensor scale_kept(const Tensor& x, const Tensor& keep, double scale);

struct Dropout {
  static constexpr OpInfo kInfo{
      .name = "dropout",
      .doc = "Sets elements to 0 with probability p and scales the others by 1 / (1 - p).",
      .floating = true,
      .keeps = true};
  double p;
  kernels::RandomKey key;
  Shape drawn;  // the shape of the mask: that of x, or 1 where elements share a fate
  autograd::SavedTensor kept{};

  Tensor forward(Inputs in) {
    const Tensor keep = draw(drawn, p, key);
    kept = autograd::SavedTensor(keep);
    return masked(in[0], keep, scale());
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {scale_kept(g, kept.unpack({}, kInfo.name), scale())};
  }
  static Samples samples();

 private:
  [[nodiscard]] double scale() const { return p == 1 ? 0 : 1 / (1 - p); }
};

struct DropoutBackward {
  static constexpr OpInfo kInfo{.name = "dropout_backward",
                                .doc = "Scales the elements that dropout kept, zeros the others.",
                                .floating = true,
                                .keeps = true};
  Tensor keep;
  double scale;
  autograd::SavedTensor kept{};

  Tensor forward(Inputs in) {
    Tensor out = masked(in[0], keep, scale);
    kept = autograd::SavedTensor(std::exchange(keep, {}));
    return out;
  }
  Gradients backward(const Saved&, const Tensor& g, const Needs&) {
    return {scale_kept(g, kept.unpack({}, kInfo.name), scale)};
  }
  static Samples samples() {
    const Tensor keep = tensor({{true, false, true}, {false, true, true}});
    return {.good = {{{sample({2, 3})}, [=](Inputs in) { return scale_kept(in[0], keep, 2); }}}};
  }
};

Tensor scale_kept(const Tensor& x, const Tensor& keep, double scale) {
  return apply(DropoutBackward{keep, scale}, {x}, Location::current());
}

using Function = Tensor (*)(const Tensor&, double, bool, Generator&, Location);

// Every call draws the same mask, so that finite differences see one function.
template <Function kDropout>
std::function<Tensor(Inputs)> drawing(double p) {
  return [p](Inputs in) {
    Generator generator(7);
    return kDropout(in[0], p, true, generator, Location::current());
  };
}

Samples Dropout::samples() {
  return {.good = {{{sample({3, 4})}, drawing<dropout>(0.5)},
                   {{sample({2, 3, 2, 2})}, drawing<dropout>(0.1)},
                   {{sample({})}, drawing<dropout>(0)},
                   {{sample({3})}, drawing<dropout>(1)},
                   {{sample({0, 3})}, drawing<dropout>(0.5)}},
          .bad = {{{sample({3})}, drawing<dropout>(1.5), "p must be in [0, 1]"},
                  {{sample({3})}, drawing<dropout>(-0.1), "p must be in [0, 1]"}}};
}

struct Dropout1d {
  static constexpr OpInfo kInfo{.name = "dropout1d",
                                .doc = "Dropout of whole channels of sequences."};
  static Samples samples() {
    return {.good = {{{sample({2, 3, 4})}, drawing<dropout1d>(0.5)},
                     {{sample({3, 4})}, drawing<dropout1d>(0.5)}},
            .bad = {{{sample({3})}, drawing<dropout1d>(0.5), "needs x [N, C, L] or [C, L]"}}};
  }
};

struct Dropout2d {
  static constexpr OpInfo kInfo{.name = "dropout2d", .doc = "Dropout of whole channels of images."};
  static Samples samples() {
    return {.good = {{{sample({2, 3, 2, 2})}, drawing<dropout2d>(0.5)},
                     {{sample({3, 2, 2})}, drawing<dropout2d>(0.5)}},
            .bad = {{{sample({3, 2})}, drawing<dropout2d>(0.5), "or [C, H, W], got [3, 2]"}}};
  }
};

struct AlphaDropout {
  static constexpr OpInfo kInfo{.name = "alpha_dropout",
                                .doc = "Dropout that keeps mean and variance of a normal x.",
                                .keeps = true};
  static Samples samples() {
    return {.good = {{{sample({3, 4})}, drawing<alpha_dropout>(0.4)},
                     {{sample({3})}, drawing<alpha_dropout>(1)},
                     {{sample({3})}, drawing<alpha_dropout>(0)}},
            .bad = {{{sample({3})}, drawing<alpha_dropout>(2), "p must be in [0, 1]"}}};
  }
};

const RegisterOps<Dropout, DropoutBackward, Dropout1d, Dropout2d, AlphaDropout> kRegistered;

Tensor drop_channels(const Tensor& x, int spatial, double p, Generator& generator,
                     const Location& at) {
  check_probability(p);
  if (x.dim() != spatial + 1 && x.dim() != spatial + 2) {
    throw ShapeError(std::string("needs x ") +
                     (spatial == 1 ? "[N, C, L] or [C, L]" : "[N, C, H, W] or [C, H, W]") +
                     ", got " + to_string(x.sizes()));
  }
  Shape drawn = x.sizes();
  for (int d = x.dim() - spatial; d < x.dim(); ++d) drawn[d] = 1;
  return apply(Dropout{p, generator.next(), drawn}, {x}, at);
}

}  // namespace
}  // namespace ops

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator, Location at) {
  return ops::compose("dropout", at, [&] {
    ops::check_probability(p);
    if (!training || p == 0) return x;
    return ops::apply(ops::Dropout{p, generator.next(), x.sizes()}, {x}, at);
  });
}

Tensor dropout1d(const Tensor& x, double p, bool training, Generator& generator, Location at) {
  return ops::compose("dropout1d", at,
                      [&] { return training ? ops::drop_channels(x, 1, p, generator, at) : x; });
}

Tensor dropout2d(const Tensor& x, double p, bool training, Generator& generator, Location at) {
  return ops::compose("dropout2d", at,
                      [&] { return training ? ops::drop_channels(x, 2, p, generator, at) : x; });
}

Tensor alpha_dropout(const Tensor& x, double p, bool training, Generator& generator, Location at) {
  return ops::compose("alpha_dropout", at, [&] {
    ops::check_probability(p);
    if (!training || p == 0) return x;
    const Tensor keep = ops::draw(x.sizes(), p, generator.next());
    if (p == 1) return ops::scale_kept(x, keep, 0);
    constexpr double kLowest = -1.7580993408473766;  // of SELU: -scale * alpha
    const double scale = 1 / std::sqrt((1 - p) * (1 + p * kLowest * kLowest));
    const Tensor dropped = (1 - keep.to(x.dtype())) * (kLowest * scale) - kLowest * scale * p;
    return ops::scale_kept(x, keep, scale) + dropped;
  });
}

}  // namespace gradus

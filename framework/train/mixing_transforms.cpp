// mixup and cutmix: each example of a batch with another one of it, and their targets alike.
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/tensor/creation.h"
#include "framework/train/shuffle.h"
#include "framework/train/transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace gradus::data {
namespace {

// Random numbers without end: drawing by refusal takes no fixed count of them.
class Numbers {
 public:
  explicit Numbers(const kernels::RandomKey& key) : key_(key) {}
  // In (0, 1].
  double uniform() {
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 53U;
    return static_cast<double>(kernels::random_below(key_, next_++, kEnd) + 1) * 0x1p-53;
  }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  kernels::RandomKey key_;
  std::uint64_t next_ = 0;
};

// The log of a gamma-distributed number: Marsaglia and Tsang (2000), with their step from shape + 1
// down to shape; logs, since those of a small shape are too small for a double.
double log_gamma_number(double shape, Numbers& numbers) {
  const double d = shape + 1 - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = numbers.normal();
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(numbers.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return std::log(d * v) + std::log(numbers.uniform()) / shape;
    }
  }
}

// Of Beta(alpha, alpha).
double beta_number(double alpha, Numbers& numbers) {
  const double a = log_gamma_number(alpha, numbers);
  const double b = log_gamma_number(alpha, numbers);
  return 1 / (1 + std::exp(b - a));
}

struct MixOptions {
  double alpha;
  double p = 1;
  void describe(OptionReader& o) {
    o("alpha", alpha, "the share of an example's own is drawn from Beta(alpha, alpha)",
      {.above = 0});
    o("p", p, "probability that a batch is mixed", {.min = 0, .max = 1});
  }
};

struct MixupOptions : MixOptions {
  MixupOptions() : MixOptions{.alpha = 0.2} {}
};

struct CutmixOptions : MixOptions {
  CutmixOptions() : MixOptions{.alpha = 1} {}
};

// What is drawn for a batch: whether it is mixed, an example's own share, and its partners.
struct Draw {
  bool mixes;
  double share = 1;
  std::vector<std::int64_t> partners{};

  Draw(const MixOptions& options, std::int64_t count, ExampleRandom& random)
      : mixes(random.uniform() < options.p) {
    Numbers numbers(random.key());
    share = beta_number(options.alpha, numbers);
    partners.resize(static_cast<std::size_t>(count));
    std::iota(partners.begin(), partners.end(), std::int64_t{0});
    shuffle(partners, random.key());
  }
};

// share * values + (1 - share) * those of the partners.
Tensor mixed(const Tensor& values, const Draw& draw) {
  if (!values.defined()) return values;
  const Tensor others = index_select(values, 0, tensor(draw.partners));
  return values * draw.share + others * (1 - draw.share);
}

// Zhang et al. (2018), https://arxiv.org/abs/1710.09412
class Mixup : public BatchTransform {
 public:
  explicit Mixup(const MixupOptions& options) : options_(options) {}
  [[nodiscard]] Example mix(const Example& batch, ExampleRandom& random) const override {
    const Draw draw(options_, batch.input.size(0), random);
    if (!draw.mixes) return batch;
    return {mixed(batch.input, draw), mixed(batch.target, draw)};
  }

 private:
  MixOptions options_;
};

// Yun et al. (2019), https://arxiv.org/abs/1905.04899: a rectangle comes from the partner; what of
// it lies over the border is cut off, and the share of the targets is that of the pixels.
class Cutmix : public BatchTransform {
 public:
  explicit Cutmix(const CutmixOptions& options) : options_(options) {}
  void check(const Shape& example) const override {
    if (example.size() == 3) return;
    throw ShapeError("cutmix takes examples [C, H, W], got " + to_string(example));
  }
  [[nodiscard]] Example mix(const Example& batch, ExampleRandom& random) const override {
    Draw draw(options_, batch.input.size(0), random);
    if (!draw.mixes) return batch;
    const double side = std::sqrt(1 - draw.share);
    const Span rows(batch.input.size(2), side, random);
    const Span columns(batch.input.size(3), side, random);
    const Tensor input = batch.input.clone();
    const Tensor others = index_select(batch.input, 0, tensor(draw.partners));
    rows.of(2, columns.of(3, input)).copy_(rows.of(2, columns.of(3, others)));
    draw.share = 1 - rows.share() * columns.share();
    return {input, mixed(batch.target, draw)};
  }

 private:
  // A part of the rows or the columns about a centre of equal chance.
  struct Span {
    std::int64_t all, begin, end;
    Span(std::int64_t size, double share, ExampleRandom& random) : all(size) {
      const auto length = static_cast<std::int64_t>(static_cast<double>(size) * share);
      const std::int64_t centre = random.integer(0, size - 1);
      begin = std::max<std::int64_t>(0, centre - length / 2);
      end = std::min(size, centre + length / 2);
    }
    [[nodiscard]] Tensor of(int dim, const Tensor& images) const {
      return images.slice(dim, begin, end);
    }
    [[nodiscard]] double share() const {
      return static_cast<double>(end - begin) / static_cast<double>(all);
    }
  };

  MixOptions options_;
};

const bool kRegistered[] = {
    transforms().add<MixupOptions>(
        "mixup", "the weighed mean of each example and another one of its batch, targets alike",
        [](const MixupOptions& options) { return std::make_shared<Mixup>(options); }),
    transforms().add<CutmixOptions>(
        "cutmix", "a rectangle of each image comes from another one of its batch, targets by area",
        [](const CutmixOptions& options) { return std::make_shared<Cutmix>(options); }),
};

}  // namespace
}  // namespace gradus::data

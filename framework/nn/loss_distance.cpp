// The losses of the distance between input and target.
#include "framework/nn/pointwise_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/selection.h"

namespace gradus {
namespace ops {
namespace {

constexpr OpInfo distance_loss(std::string_view name, std::string_view doc) {
  return {.name = name,
          .doc = doc,
          .inputs = 2,
          .floating = true,
          .autocast = AutocastRule::Full,
          .saves = kSaveInput0 | kSaveInput1};
}

// A rule gives the op's description, its kernel, and its slope at a distance.
template <class Rule>
struct DistanceLoss : PointwiseLoss {
  static constexpr OpInfo kInfo = Rule::kInfo;

  explicit DistanceLoss(Reduction how, double of_rule = 0)
      : PointwiseLoss{Rule::kLoss, how, of_rule} {}
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (!GradMode::is_enabled()) return fused(s, g, needs, kInfo.name);
    const Tensor slope = Rule::slope(s.input(0) - s.input(1), parameter) * (g * factor);
    return {slope, needs[1] ? -slope : Tensor()};
  }
  static Samples samples() { return Rule::samples(); }
};

// Calls of loss(input, target, reduction) at distances of 1 to 4, and nearer where it is smooth.
template <class Loss>
Samples distances(Loss loss, bool smooth_at_zero) {
  const auto with = [=](Reduction reduction) {
    return [=](Inputs in) { return loss(in[0], in[1], reduction); };
  };
  const auto low = [](const Shape& sizes) { return sample(sizes, -2, -0.5); };
  const auto high = [](const Shape& sizes) { return sample(sizes, 0.5, 2); };
  Samples result = {
      .good = {{{low({3, 4}), high({3, 4})}, with(Reduction::Mean)},
               {{high({3}), low({3})}, with(Reduction::Sum)},
               {{high({2, 2}), low({2, 2})}, with(Reduction::None)},
               {{sample({0, 2}), sample({0, 2})}, with(Reduction::Sum)}},
      .bad = {{{sample({3}), sample({4})}, with(Reduction::Mean), "differ in shape"}}};
  if (smooth_at_zero) {
    const std::vector near = {sample({2, 3}, -0.2, 0.2), sample({2, 3}, -0.2, 0.2)};
    result.good.push_back({near, with(Reduction::Mean)});
    result.good.push_back({near, with(Reduction::None)});
  }
  return result;
}

struct Mse {
  static constexpr OpInfo kInfo = distance_loss("mse_loss", "(input - target)^2, then reduced.");
  static constexpr auto kLoss = kernels::PointwiseLoss::Mse;
  static Tensor slope(const Tensor& distance, double /*parameter*/) { return 2 * distance; }
  static Samples samples() {
    return distances([](const auto&... in) { return mse_loss(in...); }, true);
  }
};

struct L1 {
  static constexpr OpInfo kInfo = distance_loss("l1_loss", "|input - target|, then reduced.");
  static constexpr auto kLoss = kernels::PointwiseLoss::L1;
  static Tensor slope(const Tensor& distance, double /*parameter*/) { return sign(distance); }
  static Samples samples() {
    return distances([](const auto&... in) { return l1_loss(in...); }, false);
  }
};

struct SmoothL1 {
  static constexpr OpInfo kInfo = distance_loss(
      "smooth_l1_loss", "l1_loss with a parabola where the distance is below beta, then reduced.");
  static constexpr auto kLoss = kernels::PointwiseLoss::SmoothL1;
  static Tensor slope(const Tensor& distance, double beta) {
    return beta == 0 ? sign(distance) : clamp(distance / beta, -1, 1);
  }
  static Samples samples() {
    Samples result = distances([](const auto&... in) { return smooth_l1_loss(in..., 0.5); }, true);
    const auto with = [](double beta) {
      return [=](Inputs in) { return smooth_l1_loss(in[0], in[1], Reduction::Mean, beta); };
    };
    result.good.push_back({{sample({3}, 0.5, 2), sample({3}, -2, -0.5)}, with(0)});
    result.bad.push_back({{sample({3}), sample({3})}, with(-1), "beta must be at least 0"});
    return result;
  }
};

struct Huber {
  static constexpr OpInfo kInfo = distance_loss(
      "huber_loss", "A parabola up to the distance delta, a line beyond it, then reduced.");
  static constexpr auto kLoss = kernels::PointwiseLoss::Huber;
  static Tensor slope(const Tensor& distance, double delta) {
    return clamp(distance, -delta, delta);
  }
  static Samples samples() {
    Samples result = distances([](const auto&... in) { return huber_loss(in..., 0.5); }, true);
    const auto refused = [](Inputs in) { return huber_loss(in[0], in[1], Reduction::Mean, 0); };
    result.bad.push_back({{sample({3}), sample({3})}, refused, "delta must be positive"});
    return result;
  }
};

const RegisterOps<DistanceLoss<Mse>, DistanceLoss<L1>, DistanceLoss<SmoothL1>, DistanceLoss<Huber>>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return ops::apply(ops::DistanceLoss<ops::Mse>(reduction), {input, target}, at);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return ops::apply(ops::DistanceLoss<ops::L1>(reduction), {input, target}, at);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta,
                      Location at) {
  return ops::compose("smooth_l1_loss", at, [&] {
    if (!(beta >= 0)) throw ValueError("beta must be at least 0, got " + std::to_string(beta));
    return ops::apply(ops::DistanceLoss<ops::SmoothL1>(reduction, beta), {input, target}, at);
  });
}

Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta,
                  Location at) {
  return ops::compose("huber_loss", at, [&] {
    if (!(delta > 0)) throw ValueError("delta must be positive, got " + std::to_string(delta));
    return ops::apply(ops::DistanceLoss<ops::Huber>(reduction, delta), {input, target}, at);
  });
}

namespace nn {
namespace {

struct SmoothL1Settings : ReductionOptions {
  double beta = 1;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("beta", beta, "the distance at which the parabola becomes a line", {.min = 0});
  }
};

struct HuberSettings : ReductionOptions {
  double delta = 1;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("delta", delta, "the distance at which the parabola becomes a line", {.above = 0});
  }
};

const bool kRegistered[] = {
    register_loss<ReductionOptions>("mse", "(output - target)^2, for regression", Targets::Values,
                                    [](const ReductionOptions& o) {
                                      return [how = o.value()](const Tensor& output,
                                                               const Tensor& target) {
                                        return mse_loss(output, target, how);
                                      };
                                    }),
    register_loss<ReductionOptions>(
        "l1", "|output - target|, for regression with outliers", Targets::Values,
        [](const ReductionOptions& o) {
          return [how = o.value()](const Tensor& output, const Tensor& target) {
            return l1_loss(output, target, how);
          };
        }),
    register_loss<SmoothL1Settings>(
        "smooth_l1", "|output - target|, a parabola near 0, for regression", Targets::Values,
        [](const SmoothL1Settings& o) {
          return [how = o.value(), beta = o.beta](const Tensor& output, const Tensor& target) {
            return smooth_l1_loss(output, target, how, beta);
          };
        }),
    register_loss<HuberSettings>(
        "huber", "(output - target)^2 / 2, a line far from 0, for regression", Targets::Values,
        [](const HuberSettings& o) {
          return [how = o.value(), delta = o.delta](const Tensor& output, const Tensor& target) {
            return huber_loss(output, target, how, delta);
          };
        }),
};

}  // namespace
}  // namespace nn
}  // namespace gradus

// The forms of pooling that are made of the 2-D ones: their entries in the registry.
#include "framework/ops/apply.h"
#include "framework/ops/images.h"
#include "framework/ops/pooling.h"

namespace gradus::ops {
namespace {

struct MaxPool1d {
  static constexpr OpInfo kInfo{.name = "max_pool1d",
                                .doc = "The largest value of each window of a sequence."};
  static Samples samples() {
    const auto call = [](Inputs in) { return max_pool1d(in[0], 3, {.stride = 2, .padding = 1}); };
    return {.good = {{{distinct({2, 2, 6})}, call}, {{distinct({2, 5})}, call}},
            .bad = {{{sample({4})}, call, "needs x [N, C, L] or [C, L]"}}};
  }
};

struct AvgPool1d {
  static constexpr OpInfo kInfo{.name = "avg_pool1d",
                                .doc = "The mean of each window of a sequence."};
  static Samples samples() {
    const auto call = [](Inputs in) { return avg_pool1d(in[0], 3, {.ceil_mode = true}); };
    return {.good = {{{sample({2, 2, 7})}, call}, {{sample({2, 5})}, call}},
            .bad = {{{sample({1, 1, 2, 2})}, call, "needs x [N, C, L] or [C, L]"}}};
  }
};

template <Tensor (*kPool)(const Tensor&, const Pair&, Location)>
Samples adaptive_2d() {
  const auto to = [](const Pair& size) {
    return [=](Inputs in) { return kPool(in[0], size, Location::current()); };
  };
  return {.good = {{{distinct({1, 2, 5, 4})}, to({2, 3})},
                   {{distinct({2, 3, 4})}, to(1)},
                   {{distinct({1, 1, 2, 3})}, to({4, 3})}},
          .bad = {{{sample({1, 1, 4, 4})}, to(0), "must be at least 1, got 0"},
                  {{sample({4, 4})}, to(1), "needs x [N, C, H, W]"}}};
}

template <Tensor (*kPool)(const Tensor&, std::int64_t, Location)>
Samples adaptive_1d() {
  const auto to = [](std::int64_t size) {
    return [=](Inputs in) { return kPool(in[0], size, Location::current()); };
  };
  return {.good = {{{distinct({2, 2, 7})}, to(3)}, {{distinct({2, 4})}, to(1)}},
          .bad = {{{sample({4})}, to(1), "needs x [N, C, L] or [C, L]"}}};
}

struct AdaptiveAvgPool2d {
  static constexpr OpInfo kInfo{.name = "adaptive_avg_pool2d",
                                .doc = "The means of as many windows as the result is to have."};
  static Samples samples() { return adaptive_2d<adaptive_avg_pool2d>(); }
};
struct AdaptiveMaxPool2d {
  static constexpr OpInfo kInfo{
      .name = "adaptive_max_pool2d",
      .doc = "The largest values of as many windows as the result is to have."};
  static Samples samples() { return adaptive_2d<adaptive_max_pool2d>(); }
};
struct AdaptiveAvgPool1d {
  static constexpr OpInfo kInfo{.name = "adaptive_avg_pool1d",
                                .doc = "The means of a sequence's windows, by their number."};
  static Samples samples() { return adaptive_1d<adaptive_avg_pool1d>(); }
};
struct AdaptiveMaxPool1d {
  static constexpr OpInfo kInfo{.name = "adaptive_max_pool1d",
                                .doc = "The largest values of a sequence's windows, by number."};
  static Samples samples() { return adaptive_1d<adaptive_max_pool1d>(); }
};

const RegisterOps<MaxPool1d, AvgPool1d, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d,
                  AdaptiveMaxPool2d>
    kRegistered;

}  // namespace
}  // namespace gradus::ops

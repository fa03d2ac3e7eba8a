#include "framework/nn/joins.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/joining.h"

namespace gradus::nn {
namespace {

template <class Combine>
Join folding(std::string type, Combine combine) {
  return {std::move(type), [combine](std::span<const Tensor> tensors) {
            Tensor result = tensors[0];
            for (const Tensor& each : tensors.subspan(1)) result = combine(result, each);
            return result;
          }};
}

struct ConcatOptions {
  std::int64_t dim = 1;
  void describe(OptionReader& o) {
    o("dim", dim, "along which they stand one after the other", {.min = -8, .max = 7});
  }
};

const bool kRegistered[] = {
    joins().add<NoOptions>("add", "the sum of its inputs; shapes broadcast",
                           [](const NoOptions&) { return std::make_shared<Join>(add_join()); }),
    joins().add<NoOptions>(
        "multiply", "the product of its inputs, element by element; shapes broadcast",
        [](const NoOptions&) { return std::make_shared<Join>(multiply_join()); }),
    joins().add<ConcatOptions>("concat", "its inputs one after the other along a dim",
                               [](const ConcatOptions& o) {
                                 return std::make_shared<Join>(
                                     concat_join(static_cast<int>(o.dim)));
                               }),
};

}  // namespace

Join add_join() {
  return folding("add", [](const Tensor& a, const Tensor& b) { return a + b; });
}

Join multiply_join() {
  return folding("multiply", [](const Tensor& a, const Tensor& b) { return a * b; });
}

Join concat_join(int dim) {
  return {"concat", [dim](std::span<const Tensor> tensors) { return cat(tensors, dim); }};
}

Registry<Join>& joins() {
  static Registry<Join> registry("join");
  return registry;
}

}  // namespace gradus::nn

#include "framework/train/transform.h"
#include "framework/kernels/parallel.h"

#include <nlohmann/json.hpp>

namespace gradus::data {

Registry<Transform>& transforms() {
  static Registry<Transform> registry("transform");
  return registry;
}

TransformList::TransformList() : resolved_(Json::array()) {}

TransformList::TransformList(const Json& json, const std::string& path) {
  if (!json.is_array()) {
    throw ConfigError(path, "expected a list such as [{\"type\": \"random_crop\"}]");
  }
  Json resolved = json;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const Json object = json[i].is_string() ? Json{{"type", json[i]}} : json[i];
    const std::string at = path + "/" + std::to_string(i);
    all_.push_back({transforms().prepare(object, at, &resolved[i])(), i});
  }
  resolved_ = std::move(resolved);
}

TransformList TransformList::for_testing() const {
  TransformList some;
  for (const Placed& each : all_) {
    if (each.transform->is_for_testing()) some.all_.push_back(each);
  }
  return some;
}

void TransformList::check(DType dtype, const Shape& example) const {
  if (!all_.empty() && dtype != kFloat32) {
    throw DTypeError("transforms take float32 inputs, got " + std::string(name_of(dtype)));
  }
  for (const Placed& each : all_) each.transform->check(example);
}

void TransformList::check(const Tensor& example) const {
  check(example.dtype(), example.sizes());
}

Tensor TransformList::operator()(const Tensor& inputs, std::span<const std::int64_t> examples,
                                 std::uint64_t seed, std::int64_t epoch) const {
  if (all_.empty()) return inputs;
  Shape example = inputs.sizes();
  example.erase(0);
  check(inputs.dtype(), example);
  const Tensor result = inputs.contiguous().clone();  // the data set may go on using its own
  const std::int64_t numel = example.numel();
  const std::int64_t channels = example.empty() ? 1 : example[0];
  const bool image = example.size() == 3;
  const std::int64_t height = image ? example[1] : 1;
  const std::int64_t width = image ? example[2] : numel / std::max<std::int64_t>(1, channels);
  const auto count = static_cast<std::int64_t>(examples.size());
  const std::int64_t grain = std::max<std::int64_t>(1, kernels::kGrain / (numel + 1));
  kernels::parallel_for(kernels::Split(count, grain), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const ImageView view = {result.data_ptr<float>() + i * numel, channels, height, width};
      for (const Placed& each : all_) {
        ExampleRandom random(seed, epoch, examples[static_cast<std::size_t>(i)], each.place);
        (*each.transform)(view, random);
      }
    }
  });
  return result;
}

}  // namespace gradus::data

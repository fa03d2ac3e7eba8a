#include "framework/train/transform.h"
#include "framework/kernels/parallel.h"
#include "framework/tensor/creation.h"

#include <algorithm>

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
    const auto made = transforms().prepare(object, at, &resolved[i])();
    all_.push_back({made, i, dynamic_cast<const BatchTransform*>(made.get())});
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

std::string TransformList::mixing() const {
  for (const Placed& each : all_) {
    if (each.mixes != nullptr) return (*resolved_)[each.place]["type"].get<std::string>();
  }
  return {};
}

Example TransformList::operator()(Example batch, std::span<const std::int64_t> examples,
                                  std::uint64_t seed, std::int64_t epoch,
                                  std::int64_t classes) const {
  if (all_.empty()) return batch;
  Shape example = batch.input.sizes();
  example.erase(0);
  check(batch.input.dtype(), example);
  batch.input = batch.input.contiguous().clone();  // the data set may go on using its own
  const auto is_mixing = [](const Placed& each) { return each.mixes != nullptr; };
  for (auto next = all_.begin(); next != all_.end();) {
    if (next->mixes == nullptr) {
      const auto end = std::find_if(next, all_.end(), is_mixing);
      change_each(batch.input, std::span(next, end), examples, seed, epoch);
      next = end;
      continue;
    }
    if (batch.target.defined()) batch.target = soft_labels(batch.target, classes);
    ExampleRandom random(seed, epoch, examples.front(), next->place);
    batch = next->mixes->mix(batch, random);
    ++next;
  }
  return batch;
}

void TransformList::change_each(const Tensor& inputs, std::span<const Placed> some,
                                std::span<const std::int64_t> examples, std::uint64_t seed,
                                std::int64_t epoch) {
  Shape example = inputs.sizes();
  example.erase(0);
  const std::int64_t numel = example.numel();
  const std::int64_t channels = example.empty() ? 1 : example[0];
  const bool image = example.size() == 3;
  const std::int64_t height = image ? example[1] : 1;
  const std::int64_t width = image ? example[2] : numel / std::max<std::int64_t>(1, channels);
  const auto count = static_cast<std::int64_t>(examples.size());
  const std::int64_t grain = std::max<std::int64_t>(1, kernels::kGrain / (numel + 1));
  kernels::parallel_for(kernels::Split(count, grain), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const ImageView view = {inputs.data_ptr<float>() + i * numel, channels, height, width};
      for (const Placed& each : some) {
        ExampleRandom random(seed, epoch, examples[static_cast<std::size_t>(i)], each.place);
        (*each.transform)(view, random);
      }
    }
  });
}

Tensor soft_labels(const Tensor& targets, std::int64_t classes) {
  if (targets.is_floating_point()) return targets;
  const std::int64_t count = targets.size(0);
  const std::int64_t inner = count == 0 ? 0 : targets.numel() / count;
  Shape sizes = targets.sizes();
  sizes.insert(1, classes);
  const Tensor result = zeros(sizes);
  const auto labels = targets.to_vector<std::int64_t>();
  auto* to = result.data_ptr<float>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes) {
      throw ValueError("label " + std::to_string(labels[i]) + " is outside [0, " +
                       std::to_string(classes) + "), the classes that can be mixed");
    }
    const auto place = static_cast<std::int64_t>(i);
    to[(place / inner * classes + labels[i]) * inner + place % inner] = 1;
  }
  return result;
}

}  // namespace gradus::data

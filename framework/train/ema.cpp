#include "framework/train/ema.h"
#include "framework/autograd/grad_mode.h"
#include "framework/tensor/creation.h"

#include <algorithm>

namespace gradus {
namespace {

nn::StateDict copy_of(const nn::StateDict& tensors) {
  nn::StateDict result;
  for (const auto& [name, tensor] : tensors) result.push_back({name, tensor.detach().clone()});
  return result;
}

void copy_into(const nn::StateDict& targets, const nn::StateDict& values) {
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].tensor.copy_(values[i].tensor);
}

}  // namespace

Ema::Ema(nn::StateDict parameters, const EmaOptions& options)
    : parameters_(std::move(parameters)), options_(options) {}

void Ema::update() {
  const NoGradGuard no_grad;
  if (updates_ == 0) averages_ = copy_of(parameters_);
  const auto t = static_cast<double>(updates_);
  const double decay =
      options_.warmup ? std::min(options_.decay, (t + 1) / (t + 10)) : options_.decay;
  for (std::size_t i = 0; i < averages_.size() && updates_ > 0; ++i) {
    averages_[i].tensor.mul_(decay).add_(parameters_[i].tensor, 1 - decay);
  }
  ++updates_;
}

void Ema::put_averages(nn::StateDict& state) const {
  for (const auto& [name, average] : averages_) {
    for (auto& each : state) {
      if (each.name == name) each.tensor = average;
    }
  }
}

void Ema::load(const nn::StateDict& values, std::int64_t updates) {
  nn::StateDict loaded;
  for (const auto& [name, parameter] : parameters_) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&name = name](const auto& each) { return each.name == name; });
    if (found == values.end() || !(found->tensor.sizes() == parameter.sizes())) {
      throw ValueError("Ema: there is no average for \"" + name + "\", of shape " +
                       to_string(parameter.sizes()));
    }
    loaded.push_back({name, found->tensor.detach().to(parameter.dtype()).clone()});
  }
  averages_ = std::move(loaded);
  updates_ = updates;
}

Ema::Scope::Scope(const Ema& ema) : ema_(ema), weights_(copy_of(ema.parameters_)) {
  if (ema_.updates_ > 0) copy_into(ema_.parameters_, ema_.averages_);
}

Ema::Scope::~Scope() {
  copy_into(ema_.parameters_, weights_);
}

}  // namespace gradus

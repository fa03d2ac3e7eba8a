#include "framework/train/optimizer.h"
#include "framework/autograd/grad_mode.h"

namespace gradus::optim {

bool ParameterState::has(std::string_view slot) const {
  return std::any_of(slots.begin(), slots.end(), [=](const Slot& s) { return s.name == slot; });
}

Tensor& ParameterState::full_at(std::string_view slot, const Tensor& parameter, double initial) {
  for (auto& [name, tensor] : slots) {
    if (name == slot) return tensor;
  }
  slots.push_back({std::string(slot), full(parameter.sizes(), initial, parameter.dtype())});
  return slots.back().tensor;
}

double& ParameterState::number_at(std::string_view name, double initial) {
  for (auto& [each, value] : numbers) {
    if (each == name) return value;
  }
  numbers.push_back({std::string(name), initial});
  return numbers.back().value;
}

void Optimizer::check_parameter(const nn::NamedTensor& parameter) {
  const auto& [name, tensor] = parameter;
  if (!tensor.defined() || !tensor.is_leaf() || !tensor.requires_grad()) {
    throw ValueError("add_param_group: \"" + name + "\" is no leaf that requires a gradient");
  }
  if (!tensor.is_contiguous()) {
    throw ValueError("add_param_group: \"" + name + "\" is not contiguous");
  }
}

Optimizer::~Optimizer() = default;

Registry& optimizers() {
  static Registry registry("optimizer");
  return registry;
}

Tensor Optimizer::step(const LossClosure& closure) {
  Tensor loss;
  {
    const GradModeGuard recording(true);
    loss = closure();
  }
  step();
  return loss;
}

nn::StateDict Optimizer::state_dict() const {
  nn::StateDict result;
  for (const auto& [name, state] : states_) {
    for (const auto& [slot, tensor] : state.slots) result.push_back({name + "/" + slot, tensor});
    for (const auto& [number, value] : state.numbers) {
      result.push_back({name + "/" + number, full({}, value, kFloat64)});
    }
    result.push_back({name + "/step", full({}, state.step, kInt64)});
  }
  return result;
}

void Optimizer::load_state_dict(const nn::StateDict& state) {
  std::map<std::string, ParameterState> loaded;
  for (const auto& [key, tensor] : state) {
    const std::size_t slash = key.rfind('/');
    const std::string name = key.substr(0, slash);
    const Tensor parameter = slash == std::string::npos ? Tensor() : find(name);
    if (!parameter.defined()) {
      throw ValueError("optimizer state \"" + key + "\" belongs to no parameter of this model");
    }
    const std::string slot = key.substr(slash + 1);
    const bool counts = slot == "step";
    const Shape expected = counts || is_number(slot) ? Shape{} : parameter.sizes();
    if (!(tensor.sizes() == expected)) {
      throw ValueError("optimizer state \"" + key + "\" has shape " + to_string(tensor.sizes()) +
                       "; expected " + to_string(expected));
    }
    if (counts) {
      loaded[name].step = tensor.item<std::int64_t>();
    } else if (is_number(slot)) {
      loaded[name].numbers.push_back({slot, tensor.item<double>()});
    } else {
      loaded[name].slots.push_back({slot, tensor.to(parameter.dtype()).clone().contiguous()});
    }
  }
  states_ = std::move(loaded);
  forget();
}

void Optimizer::add(const Tensor& parameter, const Tensor& gradient, const ElementLoop& loop) {
  elements_.add(parameter.numel());
  loops_.push_back(loop);
  gradients_.push_back(gradient);
  written_.push_back(parameter.impl()->storage.get());
}

void Optimizer::run(const char* step_name) {
  before_loops();
  elements_.run([this](std::size_t parameter, std::int64_t begin, std::int64_t end) {
    loops_[parameter](begin, end);
  });
  for (Storage* storage : written_) storage->mark_written(step_name);
  clear();
}

void Optimizer::clear() {
  elements_.clear();
  loops_.clear();
  gradients_.clear();
  written_.clear();
}

}  // namespace gradus::optim

#include "framework/train/optimizer.h"
#include "framework/autograd/grad_mode.h"

namespace gradus::optim {

Tensor& ParameterState::zeros_at(const std::string& slot, const Tensor& parameter) {
  Tensor& tensor = tensors[slot];
  if (!tensor.defined()) tensor = zeros(parameter.sizes(), parameter.dtype());
  return tensor;
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

Registry& optimizers() {
  static Registry registry("optimizer");
  return registry;
}

nn::StateDict Optimizer::state_dict() const {
  nn::StateDict result;
  for (const auto& [name, state] : states_) {
    for (const auto& [slot, tensor] : state.tensors) result.push_back({name + "/" + slot, tensor});
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
    if (slot == "step") {
      loaded[name].step = tensor.item<std::int64_t>();
      continue;
    }
    if (!(tensor.sizes() == parameter.sizes())) {
      throw ValueError("optimizer state \"" + key + "\" has shape " + to_string(tensor.sizes()) +
                       ", its parameter " + to_string(parameter.sizes()));
    }
    loaded[name].tensors[slot] = tensor.to(parameter.dtype()).clone().contiguous();
  }
  states_ = std::move(loaded);
}

}  // namespace gradus::optim

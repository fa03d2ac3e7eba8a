#include "framework/nn/module.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/state_dict.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"

#include <algorithm>
#include <set>

namespace gradus::nn {

Module::~Module() = default;

Tensor Module::operator()(const Tensor& x, Location at) {
  const CallSite site(at);
  try {
    return call(x);
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

Tensor Module::call(const Tensor& x) {
  return hooks_.empty() ? forward(x) : call_with_hooks(x);
}

Tensor Module::call_with_hooks(Tensor x) {
  const std::vector<Hook> hooks = hooks_;  // a hook may remove itself
  for (const Hook& each : hooks) {
    const Tensor other = each.before ? each.before(*this, x) : Tensor();
    if (other.defined()) x = other;
  }
  Tensor y = forward(x);
  for (const Hook& each : hooks) {
    const Tensor other = each.after ? each.after(*this, x, y) : Tensor();
    if (other.defined()) y = other;
  }
  return y;
}

int Module::register_forward_pre_hook(ForwardPreHook hook) {
  hooks_.push_back({next_hook_, std::move(hook), {}});
  return next_hook_++;
}

int Module::register_forward_hook(ForwardHook hook) {
  hooks_.push_back({next_hook_, {}, std::move(hook)});
  return next_hook_++;
}

void Module::remove_hook(int id) {
  std::erase_if(hooks_, [id](const Hook& each) { return each.id == id; });
}

void Module::check_name(const std::string& name, bool has_value) const {
  const auto is_taken = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& each) { return each.name == name; });
  };
  const bool child = std::any_of(children_.begin(), children_.end(),
                                 [&](const auto& each) { return each.first == name; });
  if (!has_value) throw ValueError(type_name() + ": \"" + name + "\" has no value");
  if (name.empty() || name.find('.') != std::string::npos) {
    throw ValueError(type_name() + ": \"" + name + "\" is no name: it is empty or has a dot");
  }
  if (child || is_taken(parameters_) || is_taken(buffers_)) {
    throw ValueError(type_name() + ": the name \"" + name + "\" is taken");
  }
}

Tensor Module::register_parameter(std::string name, const Tensor& value) {
  check_name(name, value.defined());
  value.requires_grad_(true).set_name(name);
  parameters_.push_back({std::move(name), value});
  return value;
}

Tensor Module::register_buffer(std::string name, const Tensor& value) {
  check_name(name, value.defined());
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::collect(const std::string& prefix, StateDict& into,
                     std::vector<NamedTensor> Module::*which) const {
  for (const NamedTensor& own : this->*which) into.push_back({prefix + own.name, own.tensor});
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", into, which);
}

namespace {

// Each tensor once, under its first name.
StateDict without_repeats(const StateDict& all) {
  StateDict result;
  std::set<const TensorImpl*> seen;
  for (const NamedTensor& each : all) {
    if (seen.insert(each.tensor.impl().get()).second) result.push_back(each);
  }
  return result;
}

}  // namespace

StateDict Module::named_parameters() const {
  StateDict result;
  collect("", result, &Module::parameters_);
  return without_repeats(result);
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> result;
  for (NamedTensor& each : named_parameters()) result.push_back(std::move(each.tensor));
  return result;
}

StateDict Module::named_buffers() const {
  StateDict result;
  collect("", result, &Module::buffers_);
  return without_repeats(result);
}

StateDict Module::state_dict() const {
  StateDict result;
  collect("", result, &Module::parameters_);
  collect("", result, &Module::buffers_);
  return result;
}

IncompatibleKeys Module::load_state_dict(const StateDict& values, bool strict) {
  StateDictMatch match = match_state_dict(state_dict(), values);
  IncompatibleKeys keys;
  for (const NamedTensor& each : match.missing) keys.missing_keys.push_back(each.name);
  for (const NamedTensor& each : match.unexpected) keys.unexpected_keys.push_back(each.name);
  if (!strict) {
    match.missing.clear();
    match.unexpected.clear();
  }
  const std::string faults = describe_faults(match);
  if (!faults.empty()) {
    throw ValueError("load_state_dict: the names, shapes or dtypes differ:" + faults);
  }
  const NoGradGuard no_grad;
  for (const StateDictMatch::Pair& each : match.fitting) each.here.copy_(each.there);
  return keys;
}

namespace {

void add_losses(const Module& module, std::set<const Module*>& seen, Tensor& sum) {
  if (!seen.insert(&module).second) return;
  const Tensor own = module.added_loss();
  if (own.defined()) sum = sum.defined() ? sum + own : own;
  for (const auto& [name, child] : module.children()) add_losses(*child, seen, sum);
}

}  // namespace

Tensor Module::added_losses() const {
  std::set<const Module*> seen;
  Tensor sum;
  add_losses(*this, seen, sum);
  return sum;
}

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

Module& Module::requires_grad_(bool on) {
  for (const auto& [name, parameter] : named_parameters()) {
    if (parameter.requires_grad() == on) continue;
    parameter.requires_grad_(on);
    if (on) parameter.set_name(name.substr(name.rfind('.') + 1));
  }
  return *this;
}

void Module::zero_grad() const {
  for (const Tensor& each : parameters()) each.set_grad({});
}

void Module::to(DType dtype) {
  // The handles that layers keep must see the new values, so the tensors change in place.
  for (const NamedTensor& each : state_dict()) {
    if (!each.tensor.is_floating_point() || each.tensor.dtype() == dtype) continue;
    const bool trained = each.tensor.requires_grad();
    const std::string name = trained ? each.tensor.name() : "";
    const Tensor converted = each.tensor.detach().to(dtype).contiguous();
    TensorImpl& impl = *each.tensor.impl();
    each.tensor.set_grad({});
    if (trained) each.tensor.requires_grad_(false);
    impl.storage = converted.impl()->storage;
    impl.offset = 0;
    impl.strides = converted.strides();
    impl.dtype = dtype;
    if (trained) each.tensor.requires_grad_(true).set_name(name);
  }
}

}  // namespace gradus::nn

#include "framework/nn/graph_module.h"
#include "framework/ops/joining.h"
#include "framework/ops/views.h"

#include <algorithm>

namespace gradus::nn {

std::vector<std::string> GraphModuleImpl::names() const {
  std::vector<std::string> result;
  for (const Input& each : inputs_) result.push_back(each.name);
  for (const Node& each : nodes_) result.push_back(each.name);
  return result;
}

void GraphModuleImpl::check_new(const std::string& name) const {
  if (name.empty() || name.find('.') != std::string::npos) {
    throw ValueError("Graph: \"" + name + "\" is no name: it is empty or has a dot");
  }
  const auto taken = names();
  if (std::find(taken.begin(), taken.end(), name) == taken.end()) return;
  throw ValueError("Graph: the name \"" + name + "\" is taken");
}

std::size_t GraphModuleImpl::find(const std::string& name, const std::string& by) const {
  const auto known = names();
  const auto found = std::find(known.begin(), known.end(), name);
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  throw ValueError("Graph: " + by + " names \"" + name + "\", which was not added before" +
                   suggest(name, known));
}

bool GraphModuleImpl::is_shared(const std::shared_ptr<Module>& module) const {
  return std::any_of(children().begin(), children().end(),
                     [&](const NamedModule& each) { return each.second == module; });
}

void GraphModuleImpl::add_input(const std::string& name, const GraphInput& part) {
  check_new(name);
  if (!nodes_.empty()) throw StateError("Graph: inputs are added before nodes");
  if (part.dim < 0 || part.start < 0 || part.length < 0) {
    throw ValueError("Graph: input \"" + name + "\" has a negative dim, start or length");
  }
  inputs_.push_back({name, part});
}

void GraphModuleImpl::add_node(const std::string& name, const std::string& input) {
  check_new(name);
  nodes_.push_back({name, {find(input, "\"" + name + "\"")}, {}, {}});
}

void GraphModuleImpl::add_join(const std::string& name, Join join,
                               const std::vector<std::string>& inputs) {
  check_new(name);
  if (inputs.empty()) throw ValueError("Graph: the join \"" + name + "\" has no inputs");
  std::vector<std::size_t> values;
  for (const std::string& each : inputs) values.push_back(find(each, "\"" + name + "\""));
  nodes_.push_back({name, std::move(values), {}, std::move(join)});
}

void GraphModuleImpl::set_outputs(const std::vector<std::string>& names) {
  if (names.empty()) throw ValueError("Graph: there is no output");
  std::vector<std::size_t> values;
  for (const std::string& each : names) values.push_back(find(each, "set_outputs"));
  outputs_ = std::move(values);
  last_use_.assign(inputs_.size() + nodes_.size(), 0);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    for (const std::size_t value : nodes_[i].inputs) last_use_[value] = i;
  }
  for (const std::size_t value : outputs_) last_use_[value] = nodes_.size();
}

Tensor GraphModuleImpl::part_of(const Tensor& x, const Input& input) {
  const auto& [dim, start, length] = input.part;
  const int place = dim + 1;  // behind the batch
  const bool whole = start == 0 && length == 0;
  if (whole && place <= x.dim()) return x;
  if (place < x.dim() && start + std::max<std::int64_t>(length, 1) <= x.size(place)) {
    return x.slice(place, start, length == 0 ? x.size(place) : start + length);
  }
  throw ShapeError("Graph: input \"" + input.name + "\", of dim " + std::to_string(dim) + " from " +
                   std::to_string(start) +
                   (length == 0 ? "" : ", " + std::to_string(length) + " long") +
                   ", is no part of examples in a batch of shape " + to_string(x.sizes()));
}

std::string GraphModuleImpl::label(std::size_t index) const {
  const Node& node = nodes_[index];
  return "node \"" + node.name + "\" (" +
         (node.module ? node.module->type_name() : node.join.type) + ")";
}

Tensor GraphModuleImpl::run(const Node& node, const std::vector<Tensor>& values) const {
  if (node.module) return node.module->call(values[node.inputs[0]]);
  std::vector<Tensor> inputs;
  for (const std::size_t value : node.inputs) inputs.push_back(values[value]);
  return node.join.run(inputs);
}

StateDict GraphModuleImpl::named_outputs(const Tensor& x) {
  if (outputs_.empty()) throw StateError("Graph: call set_outputs() first");
  if (last_use_.size() != inputs_.size() + nodes_.size()) {
    throw StateError("Graph: set_outputs() comes after all nodes");
  }
  std::vector<Tensor> values;
  for (const Input& each : inputs_) values.push_back(part_of(x, each));
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    try {
      values.push_back(run(nodes_[i], values));
    } catch (Error& error) {
      error.prepend(label(i));
      throw;
    }
    for (const std::size_t value : nodes_[i].inputs) {
      if (last_use_[value] == i) values[value] = {};
    }
  }
  const auto all = names();
  StateDict result;
  for (const std::size_t value : outputs_) result.push_back({all[value], values[value]});
  return result;
}

Tensor GraphModuleImpl::forward(const Tensor& x) {
  const StateDict outputs = named_outputs(x);
  if (outputs.size() == 1) return outputs[0].tensor;
  std::vector<Tensor> tensors;
  std::string shapes;
  for (const auto& [name, tensor] : outputs) {
    tensors.push_back(tensor);
    shapes += (shapes.empty() ? "\"" : ", \"") + name + "\" " + to_string(tensor.sizes());
  }
  try {
    return cat(tensors, 1);
  } catch (const Error& error) {
    throw ShapeError("Graph: the outputs do not stand one after the other along dim 1: " + shapes);
  }
}

}  // namespace gradus::nn

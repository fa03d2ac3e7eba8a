#include "framework/nn/summary.h"
#include "framework/autograd/grad_mode.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/profile.h"
#include "framework/tensor/generator.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace gradus::nn {
namespace {

// The multiply-adds of all that has run since it was made, in steps.
class WorkCounter {
 public:
  WorkCounter() { kernels::profile::start(); }
  ~WorkCounter() { kernels::profile::stop(); }
  WorkCounter(const WorkCounter&) = delete;
  WorkCounter& operator=(const WorkCounter&) = delete;

  std::int64_t read() {
    for (const auto& each : kernels::profile::stop()) total_ += each.multiply_adds;
    kernels::profile::start();
    return total_;
  }

 private:
  std::int64_t total_ = 0;
};

// Puts back what calls in training mode change: buffers and the generator.
class StateKeeper {
 public:
  explicit StateKeeper(const Module& model)
      : buffers_(model.named_buffers()), draws_(default_generator().state()) {
    for (const auto& [name, buffer] : buffers_) values_.push_back(buffer.detach().clone());
  }
  ~StateKeeper() {
    const NoGradGuard no_grad;
    for (std::size_t i = 0; i < values_.size(); ++i) buffers_[i].tensor.copy_(values_[i]);
    default_generator().set_state(draws_);
  }
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

 private:
  StateDict buffers_;
  std::vector<Tensor> values_;
  Generator::State draws_;
};

// Watches one call of a model through hooks of its modules.
class Watch {
 public:
  Watch(Module& model, Summary& into) : summary_(into) { add(model, "", 0); }
  ~Watch() {
    for (const auto& [module, hook] : hooks_) module->remove_hook(hook);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void run(Module& model, const Tensor& input) {
    seen_.insert(input.impl()->storage.get());
    model.call(input);
  }

 private:
  struct Frame {
    std::int64_t start;
    std::int64_t within = 0;  // of the modules that it called
  };

  void add(Module& module, const std::string& name, int depth) {
    if (!index_.emplace(&module, summary_.layers.size()).second) return;
    LayerSummary& layer = summary_.layers.emplace_back();
    layer.name = name;
    layer.type = module.type_name();
    layer.depth = depth;
    count_parameters(module, layer);
    hooks_.emplace_back(&module, module.register_forward_pre_hook([this](Module&, const Tensor&) {
      frames_.push_back({work_.read()});
      return Tensor();
    }));
    hooks_.emplace_back(&module, module.register_forward_hook(
                                     [this](Module& m, const Tensor& in, const Tensor& out) {
                                       leave(summary_.layers[index_.at(&m)], in, out);
                                       return Tensor();
                                     }));
    const std::string prefix = name.empty() ? "" : name + ".";
    for (const auto& [child, child_module] : module.children()) {
      add(*child_module, prefix + child, depth + 1);
    }
  }

  void count_parameters(const Module& module, LayerSummary& layer) {
    for (const auto& [name, parameter] : module.named_parameters()) {
      const bool own = name.find('.') == std::string::npos;
      if (!own || !counted_.insert(parameter.impl().get()).second) continue;
      layer.parameters += parameter.numel();
      if (parameter.requires_grad()) layer.trainable += parameter.numel();
      summary_.parameter_bytes += static_cast<std::int64_t>(parameter.nbytes());
    }
  }

  void leave(LayerSummary& layer, const Tensor& in, const Tensor& out) {
    const Frame frame = frames_.back();
    frames_.pop_back();
    const std::int64_t work = work_.read() - frame.start;
    if (!frames_.empty()) frames_.back().within += work;
    ++layer.calls;
    layer.input = in.sizes();
    layer.output = out.sizes();
    layer.multiply_adds += work - frame.within;
    if (!seen_.insert(out.impl()->storage.get()).second) return;
    layer.result_bytes += static_cast<std::int64_t>(out.nbytes());
    kept_.push_back(out.detach());
  }

  Summary& summary_;
  WorkCounter work_;
  std::map<const Module*, std::size_t> index_;
  std::vector<std::pair<Module*, int>> hooks_;
  std::set<const TensorImpl*> counted_;
  std::vector<Frame> frames_;
  std::set<const void*> seen_;  // storages
  std::vector<Tensor> kept_;    // so that no other takes the place of one that was seen
};

std::int64_t memory_kept_by(Module& model, const Tensor& input) {
  const GradModeGuard recording(true);
  model.call(input);  // what is made once, such as primitives, is no activation
  const std::int64_t before = memory_stats().in_use;
  const Tensor output = model.call(input);
  return memory_stats().in_use - before;
}

// 1234567 -> "1,234,567".
std::string with_commas(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string bytes_text(std::int64_t bytes) {
  if (bytes < 10 * 1024) return with_commas(bytes) + " B";
  const bool mega = bytes >= 1024 * 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s",
                static_cast<double>(bytes) / (mega ? 1024.0 * 1024.0 : 1024.0),
                mega ? "MiB" : "KiB");
  return text;
}

using Row = std::vector<std::string>;

Row row_of(const LayerSummary& layer) {
  const auto or_nothing = [](std::int64_t number) {
    return number == 0 ? "" : with_commas(number);
  };
  const std::string indent(static_cast<std::size_t>(2 * layer.depth), ' ');
  const std::string name = layer.name.substr(layer.name.rfind('.') + 1);
  std::string type = layer.type;
  if (layer.calls > 1) type += " x" + std::to_string(layer.calls);
  const bool called = layer.calls > 0;
  std::string parameters = or_nothing(layer.parameters);
  if (layer.trainable < layer.parameters) parameters += "*";
  return {indent + (layer.depth == 0 ? "(model)" : name),
          type,
          called ? to_string(layer.input) : "not called",
          called ? to_string(layer.output) : "",
          parameters,
          or_nothing(layer.multiply_adds),
          layer.result_bytes == 0 ? "" : bytes_text(layer.result_bytes)};
}

}  // namespace

Summary summary(Module& model, const Tensor& input) {
  const StateKeeper keeper(model);
  Summary result;
  {
    Watch watch(model, result);
    watch.run(model, input);
  }
  for (const LayerSummary& each : result.layers) {
    result.parameters += each.parameters;
    result.trainable += each.trainable;
    result.multiply_adds += each.multiply_adds;
    result.result_bytes += each.result_bytes;
  }
  for (const auto& [name, buffer] : model.named_buffers()) {
    result.buffer_bytes += static_cast<std::int64_t>(buffer.nbytes());
  }
  result.activation_bytes = memory_kept_by(model, input);
  return result;
}

std::string to_text(const Summary& summary) {
  std::vector<Row> rows = {
      {"layer", "type", "input", "output", "parameters", "multiply-adds", "results"}};
  for (const LayerSummary& each : summary.layers) rows.push_back(row_of(each));
  std::vector<std::size_t> widths(rows[0].size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  constexpr std::size_t kFirstNumber = 4;
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (i < kFirstNumber ? row[i] + space : space + row[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text += with_commas(summary.parameters) + " parameters (" + bytes_text(summary.parameter_bytes) +
          "), " + with_commas(summary.trainable) + " trainable, " + with_commas(summary.frozen()) +
          " frozen" + (summary.frozen() == 0 ? "" : " (*)") + "\n";
  text += with_commas(summary.multiply_adds) + " multiply-adds; " +
          bytes_text(summary.result_bytes) + " of results; " +
          bytes_text(summary.activation_bytes) + " kept for the backward pass\n";
  return text;
}

Json to_json(const Summary& summary) {
  const auto sizes = [](const Shape& shape) {
    return Json(std::vector<std::int64_t>(shape.begin(), shape.end()));
  };
  Json layers = Json::array();
  for (const LayerSummary& each : summary.layers) {
    layers.push_back({{"name", each.name},
                      {"type", each.type},
                      {"calls", each.calls},
                      {"input", each.calls == 0 ? Json() : sizes(each.input)},
                      {"output", each.calls == 0 ? Json() : sizes(each.output)},
                      {"parameters", each.parameters},
                      {"trainable", each.trainable},
                      {"multiply_adds", each.multiply_adds},
                      {"result_bytes", each.result_bytes}});
  }
  return {{"layers", std::move(layers)},
          {"parameters", summary.parameters},
          {"trainable", summary.trainable},
          {"frozen", summary.frozen()},
          {"parameter_bytes", summary.parameter_bytes},
          {"buffer_bytes", summary.buffer_bytes},
          {"multiply_adds", summary.multiply_adds},
          {"result_bytes", summary.result_bytes},
          {"activation_bytes", summary.activation_bytes}};
}

}  // namespace gradus::nn

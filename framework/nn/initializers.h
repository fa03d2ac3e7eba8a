// The functions of init.h by name, as configs have them: {"type": "kaiming_normal", "mode":
// "fan_out", "nonlinearity": "relu"}. One of your own is added where it is written:
//
//   const bool kRegistered = nn::register_initializer<SpikeOptions>(
//       "spike", "what it does", [](const SpikeOptions& o, const Tensor& t) { ... });
#pragma once

#include "framework/nn/registry.h"
#include "framework/tensor/tensor.h"

namespace gradus::nn {

/// Fills a parameter in place; throws Error for one that it does not fit.
struct Initializer {
  std::function<void(const Tensor& parameter)> fill;
};

/// The registry of initializers.
Registry<Initializer>& initializers();

/// Adds one; fill(options, parameter). Returns true, for a namespace-scope constant.
template <class Options, class Fill>
bool register_initializer(const char* name, const char* doc, Fill fill) {
  return initializers().add<Options>(name, doc, [=](const Options& options) {
    return std::make_shared<Initializer>(
        Initializer{[=](const Tensor& parameter) { fill(options, parameter); }});
  });
}

}  // namespace gradus::nn

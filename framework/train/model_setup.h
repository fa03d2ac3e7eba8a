// What a config says of the model's parameters before training: which values they start with, and
// which of them are not trained.
//
//   "init": [{"parameters": "conv*.weight", "type": "kaiming_normal", "mode": "fan_out"},
//            {"parameters": "*.bias", "type": "zeros"}],
//   "freeze": ["conv1.*"]
//
// Patterns are those of the optimizer's groups (parameter_groups.h); one that leaves an entry
// without parameters is a ConfigError.
#pragma once

#include "framework/nn/initializers.h"
#include "framework/nn/json.h"
#include "framework/nn/module.h"

namespace gradus {

/// What an entry of "init" has beside the options of its initializer.
struct InitTarget {
  std::string parameters;
  void describe(OptionReader& o) {
    o.required()("parameters", parameters, "a pattern of their names, such as \"*.weight\"");
  }
};

/// The list "init". A parameter is filled by the first entry that matches its name; others keep
/// what the model gave them.
class InitRules {
 public:
  InitRules();
  /// Checks the list at the JSON path `path`. Throws ConfigError.
  explicit InitRules(const Json& list, const std::string& path = "/init");
  /// Fills the parameters, in the order of the entries. Throws ConfigError for an entry that
  /// matches none, or does not fit one.
  void apply(const nn::Module& model) const;
  /// The list with every option.
  [[nodiscard]] const Json& resolved() const { return *resolved_; }

 private:
  std::string path_;
  std::vector<std::string> patterns_;
  std::vector<Registry<nn::Initializer>::Build> builds_;
  JsonValue resolved_;
};

/// The list "freeze".
class FreezeRules {
 public:
  FreezeRules();
  /// Checks the list at the JSON path `path`. Throws ConfigError.
  explicit FreezeRules(const Json& list, const std::string& path = "/freeze");
  /// Freezes what the patterns match (see Module::requires_grad_). Throws ConfigError for one that
  /// matches none, and where nothing is left to be trained.
  void apply(const nn::Module& model) const;
  [[nodiscard]] const Json& resolved() const { return *resolved_; }

 private:
  std::string path_;
  JsonValue resolved_;
};

/// The parameters that are trained: those that are not frozen.
nn::StateDict trainable(const nn::StateDict& parameters);

}  // namespace gradus

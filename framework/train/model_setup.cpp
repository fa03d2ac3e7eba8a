#include "framework/train/model_setup.h"
#include "framework/train/parameter_groups.h"

#include <nlohmann/json.hpp>

namespace gradus {
namespace {

std::string item(const std::string& path, std::size_t i) {
  return path + "/" + std::to_string(i);
}

}  // namespace

InitRules::InitRules() : resolved_(Json::array()) {}

InitRules::InitRules(const Json& list, const std::string& path) : path_(path) {
  const char* const expected =
      "expected a list of objects such as {\"parameters\": \"*.weight\", \"type\": "
      "\"kaiming_normal\"}";
  if (!list.is_array()) throw ConfigError(path, expected);
  Json resolved = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    Json values;
    builds_.push_back(nn::initializers().prepare(list[i], item(path, i), &values));
    OptionReader beside(list[i], item(path, i));
    InitTarget target;
    target.describe(beside);
    patterns_.push_back(target.parameters);
    resolved.push_back(beside.resolved());
    resolved.back().update(values);
  }
  resolved_ = std::move(resolved);
}

void InitRules::apply(const nn::Module& model) const {
  if (patterns_.empty()) return;
  std::vector<nn::StateDict> lists;
  try {
    lists = optim::split_by_name(model.named_parameters(), patterns_);
  } catch (const optim::GroupError& error) {
    throw ConfigError(item(path_, error.group()) + "/parameters", error.message());
  }
  for (std::size_t i = 0; i < builds_.size(); ++i) {
    const auto initializer = builds_[i]();
    for (const auto& [name, parameter] : lists[i]) {
      try {
        initializer->fill(parameter);
      } catch (const Error& error) {
        throw ConfigError(item(path_, i), "does not fit \"" + name + "\": " + error.message());
      }
    }
  }
}

FreezeRules::FreezeRules() : resolved_(Json::array()) {}

FreezeRules::FreezeRules(const Json& list, const std::string& path) : path_(path), resolved_(list) {
  if (!list.is_array()) {
    throw ConfigError(path, "expected a list of patterns of parameter names, such as [\"conv*\"]");
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].is_string()) continue;
    throw ConfigError(item(path, i), "expected a pattern of parameter names, such as \"conv*\"");
  }
}

void FreezeRules::apply(const nn::Module& model) const {
  const nn::StateDict parameters = model.named_parameters();
  for (std::size_t i = 0; i < resolved_->size(); ++i) {
    try {
      // One at a time, since names that two of them match are no fault.
      const auto lists = optim::split_by_name(parameters, {(*resolved_)[i].get<std::string>()});
      for (const auto& [name, parameter] : lists[0]) parameter.requires_grad_(false);
    } catch (const optim::GroupError& error) {
      throw ConfigError(item(path_, i), error.message());
    }
  }
  if (!resolved_->empty() && trainable(parameters).empty()) {
    throw ConfigError(path_, "leaves no parameter to be trained");
  }
}

nn::StateDict trainable(const nn::StateDict& parameters) {
  nn::StateDict result;
  for (const nn::NamedTensor& each : parameters) {
    if (each.tensor.requires_grad()) result.push_back(each);
  }
  return result;
}

}  // namespace gradus

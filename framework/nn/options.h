// Options: the typed settings of a component, described once and used everywhere: C++ sets the
// members, JSON configs are read into them and checked, and lists and schemas are printed from
// them.
//
//   struct SgdOptions {
//     double lr = 1e-3;
//     double momentum = 0;
//     void describe(OptionReader& o) {
//       o("lr", lr, "learning rate", {.min = 0});
//       o("momentum", momentum, "weight of the past", {.min = 0, .max = 1});
//     }
//   };
//
// An option that is not given keeps its value in a default-made struct.
#pragma once

#include "framework/kernels/conv.h"
#include "framework/kernels/error.h"

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gradus {

/// JSON that keeps the order of its keys.
using Json = nlohmann::ordered_json;

/// A config that cannot be used. The message gives the JSON path, the reason, and a suggestion.
class ConfigError : public Error {
 public:
  ConfigError(const std::string& path, const std::string& reason)
      : Error((path.empty() ? "/" : path) + ": " + reason) {}
};

/// " (did you mean \"momentum\"?)" for the most similar candidate, or a list of all when none is.
std::string suggest(const std::string& word, const std::vector<std::string>& candidates);

/// The values that a number may have; both ends allowed unless `above` or `below` is set instead.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::optional<double> above{};  ///< must be greater
  std::optional<double> below{};  ///< must be less

  [[nodiscard]] bool contains(double value) const;
  /// ">= 0 and < 1"; empty when everything is allowed.
  [[nodiscard]] std::string text() const;
};

/// What is known of one option.
struct OptionInfo {
  std::string name;
  std::string type;  ///< "number", "integer", "boolean", "string", "integers", "numbers", ...
  std::string doc;
  std::string range;
  Json default_value;  ///< null when the option must be given
};

/// Walks an options struct: reads it from a JSON object, or collects its description.
class OptionReader {
 public:
  /// Collects descriptions; the struct keeps its values, which are the defaults.
  OptionReader() = default;
  /// Reads `object`; errors name `path` and the key.
  OptionReader(const Json& object, std::string path);

  void operator()(const char* name, double& value, const char* doc, Range range = {});
  void operator()(const char* name, std::int64_t& value, const char* doc, Range range = {});
  void operator()(const char* name, bool& value, const char* doc);
  void operator()(const char* name, std::string& value, const char* doc,
                  const std::vector<std::string>& choices = {});
  void operator()(const char* name, std::vector<std::int64_t>& value, const char* doc,
                  Range range = {});
  void operator()(const char* name, std::vector<double>& value, const char* doc, Range range = {});
  /// One integer for both, or two.
  void operator()(const char* name, kernels::Pair& value, const char* doc, Range range = {});
  void operator()(const char* name, std::array<double, 2>& value, const char* doc,
                  Range range = {});
  /// What the component reads itself; `type` is what lists call it.
  void operator()(const char* name, Json& value, const char* doc, const char* type = "list");

  /// Marks the next option as one that must be given.
  OptionReader& required() {
    required_ = true;
    return *this;
  }

  /// What resolved() says of an option that the component reads itself: with the defaults within.
  void resolve(const char* name, Json value) { resolved_[name] = std::move(value); }

  /// Refuses keys that no option took. Keys in `known` belong to the caller.
  void finish(const std::vector<std::string>& known = {}) const;

  [[nodiscard]] const std::vector<OptionInfo>& described() const { return described_; }
  /// All options with their values, as read or by default.
  [[nodiscard]] const Json& resolved() const { return resolved_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Whether the object that is read has this key.
  [[nodiscard]] bool has(const char* name) const {
    return object_ != nullptr && object_->contains(name);
  }

 private:
  template <class T, class Convert>
  void option(const char* name, T& value, const char* doc, const char* type,
              const std::string& range, Convert convert);
  template <class T>
  void numbers(const char* name, std::vector<T>& value, const char* doc, const Range& range);
  [[noreturn]] void refuse(const std::string& name, const std::string& reason) const;

  const Json* object_ = nullptr;
  std::string path_;
  std::vector<OptionInfo> described_;
  Json resolved_ = Json::object();
  bool required_ = false;
};

/// Reads a whole options struct; `known` keys are left to the caller.
template <class Options>
Options read_options(const Json& object, const std::string& path,
                     const std::vector<std::string>& known = {}, Json* resolved = nullptr) {
  Options options;
  OptionReader reader(object, path);
  options.describe(reader);
  reader.finish(known);
  if (resolved != nullptr) *resolved = reader.resolved();
  return options;
}

template <class Options>
std::vector<OptionInfo> describe_options() {
  Options options;
  OptionReader reader;
  options.describe(reader);
  return reader.described();
}

}  // namespace gradus

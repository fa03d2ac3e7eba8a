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
#include "framework/nn/json.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace gradus {

/// A config that cannot be used. The message gives the JSON path, the reason, and a suggestion.
class ConfigError : public Error {
 public:
  ConfigError(const std::string& path, const std::string& reason)
      : Error((path.empty() ? "/" : path) + ": " + reason) {}
};

/// The candidate that is most similar to `word`; empty where none is similar.
std::string nearest_of(const std::string& word, const std::vector<std::string>& candidates);
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

struct OptionInfo;  // option_info.h

/// What an option may hold that its component reads by itself.
struct JsonKind {
  std::string name;    ///< as lists call it: "schedule"
  std::string schema;  ///< JSON Schema (draft-07), as text; {} allows everything

  /// A component of that registry: {"type": ..., its options}.
  static JsonKind component(const std::string& kind);
  /// A list of them.
  static JsonKind components(const std::string& kind);
};

/// Walks an options struct: reads it from a JSON object, or collects its description.
class OptionReader {
 public:
  /// Collects descriptions; the struct keeps its values, which are the defaults.
  OptionReader();
  /// Reads `object`, which must live as long; errors name `path` and the key.
  OptionReader(const Json& object, std::string path);
  ~OptionReader();
  OptionReader(const OptionReader&) = delete;
  OptionReader& operator=(const OptionReader&) = delete;

  void operator()(const char* name, double& value, const char* doc, Range range = {});
  void operator()(const char* name, std::int64_t& value, const char* doc, Range range = {});
  void operator()(const char* name, bool& value, const char* doc);
  void operator()(const char* name, std::string& value, const char* doc,
                  const std::vector<std::string>& choices = {});
  void operator()(const char* name, std::vector<std::int64_t>& value, const char* doc,
                  Range range = {});
  void operator()(const char* name, std::vector<double>& value, const char* doc, Range range = {});
  void operator()(const char* name, std::vector<std::string>& value, const char* doc);
  /// One integer for both, or two.
  void operator()(const char* name, kernels::Pair& value, const char* doc, Range range = {});
  void operator()(const char* name, std::array<double, 2>& value, const char* doc,
                  Range range = {});
  /// What the component reads and checks by itself.
  void operator()(const char* name, Json& value, const char* doc, const JsonKind& kind);

  /// Marks the next option as one that must be given.
  OptionReader& required();

  /// What resolved() says of an option that the component reads itself: with the defaults within.
  void resolve(const char* name, const Json& value);

  /// Refuses keys that no option took. Keys in `known` belong to the caller.
  void finish(const std::vector<std::string>& known = {}) const;

  [[nodiscard]] const std::vector<OptionInfo>& described() const;
  /// All options with their values, as read or by default.
  [[nodiscard]] const Json& resolved() const;
  /// Copies them, unless `into` is null.
  void copy_resolved(Json* into) const;
  [[nodiscard]] const std::string& path() const;
  /// Whether the object that is read has this key.
  [[nodiscard]] bool has(const char* name) const;

 private:
  struct State;

  template <class T, class Convert>
  void option(OptionInfo info, T& value, Convert convert);
  template <class T>
  void numbers(const char* name, std::vector<T>& value, const char* doc, const Range& range);
  [[noreturn]] void refuse(const std::string& name, const std::string& reason) const;

  std::unique_ptr<State> state_;
};

/// Reads a whole options struct; `known` keys are left to the caller.
template <class Options>
Options read_options(const Json& object, const std::string& path,
                     const std::vector<std::string>& known = {}, Json* resolved = nullptr) {
  Options options;
  OptionReader reader(object, path);
  options.describe(reader);
  reader.finish(known);
  reader.copy_resolved(resolved);
  return options;
}

}  // namespace gradus

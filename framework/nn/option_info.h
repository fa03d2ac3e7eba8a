// What is known of options and components: for lists, and for the JSON Schema of configs.
#pragma once

#include "framework/nn/options.h"

#include <nlohmann/json.hpp>

namespace gradus {

/// What is known of one option.
struct OptionInfo {
  std::string name;
  std::string type;  ///< as lists call it: "number", "integer", "string", "integers", ...
  std::string doc;
  std::string range;
  Json default_value;  ///< null when the option must be given
  Json schema;         ///< of its values (JSON Schema, draft-07)
  bool is_required = false;
};

template <class Options>
std::vector<OptionInfo> describe_options() {
  Options options;
  OptionReader reader;
  options.describe(reader);
  return reader.described();
}

/// The schema of an object with these options, and no others.
Json object_schema(const std::vector<OptionInfo>& options);

/// What every registered component tells of itself, whatever it makes.
struct ComponentInfo {
  std::string name;
  std::string doc;
  std::vector<OptionInfo> options;

  /// Of {"type": name, its options}.
  [[nodiscard]] Json schema() const;
};

}  // namespace gradus

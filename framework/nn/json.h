// Json by name alone. nlohmann's header costs each source that includes it more than a second, so
// public headers do without: they name Json, and hold it as a JsonValue. A source that makes or
// reads JSON includes <nlohmann/json.hpp> itself.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace gradus {

/// JSON that keeps the order of its keys.
using Json = nlohmann::ordered_json;

/// A Json as a member or an element: a constant that copies share; by default null.
///
///   JsonValue value = Json::object({{"step", 3}});
///   if (value->contains("step")) use(*value);
class JsonValue {
 public:
  JsonValue() = default;
  JsonValue(const Json& json);  // implicit: stands for it
  JsonValue(Json&& json);

  [[nodiscard]] const Json& get() const;
  const Json& operator*() const { return get(); }
  const Json* operator->() const { return &get(); }
  friend bool operator==(const JsonValue& a, const JsonValue& b);

 private:
  std::shared_ptr<const Json> json_;
};

}  // namespace gradus

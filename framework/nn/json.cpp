#include "framework/nn/json.h"

#include <nlohmann/json.hpp>

namespace gradus {

JsonValue::JsonValue(const Json& json) : json_(std::make_shared<const Json>(json)) {}

JsonValue::JsonValue(Json&& json) : json_(std::make_shared<const Json>(std::move(json))) {}

const Json& JsonValue::get() const {
  static const Json null;
  return json_ ? *json_ : null;
}

bool operator==(const JsonValue& a, const JsonValue& b) {
  return *a == *b;
}

}  // namespace gradus

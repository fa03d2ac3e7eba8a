#include "framework/nn/option_info.h"

namespace gradus {

Json object_schema(const std::vector<OptionInfo>& options) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const OptionInfo& option : options) {
    Json schema = {{"description", option.doc}};
    schema.update(option.schema);
    if (option.is_required) {
      required.push_back(option.name);
    } else {
      schema["default"] = option.default_value;
    }
    properties[option.name] = std::move(schema);
  }
  Json result = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) result["required"] = required;
  return result;
}

Json ComponentInfo::schema() const {
  Json own = object_schema(options);
  Json properties = {{"type", {{"const", name}, {"description", doc}}}};
  properties.update(own["properties"]);
  own["properties"] = std::move(properties);
  Json required = Json::array({"type"});
  for (const Json& each : own.value("required", Json::array())) required.push_back(each);
  own["required"] = std::move(required);
  own["title"] = name;
  own["description"] = doc;
  return own;
}

}  // namespace gradus

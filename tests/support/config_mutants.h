// Configs with a single fault each, made from the schema of configs, so that a new component has
// its own without anybody writing them.
#pragma once

#include <nlohmann/json.hpp>
#include "framework/nn/json.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gradus::test {

struct ConfigMutant {
  Json config;
  std::string path;    ///< of the fault: "/optimizer/lr"
  std::string reason;  ///< what the message must say
};

class ConfigMutants {
 public:
  explicit ConfigMutants(Json schema) : schema_(std::move(schema)) {}

  /// A valid config in which every registered component stands once, one component a config.
  [[nodiscard]] std::map<std::string, Json> bases() const {
    std::map<std::string, Json> result;
    for (const auto& [kind, definition] : schema_["definitions"].items()) {
      if (!kPlaces.contains(kind)) continue;
      for (const Json& component : definition["oneOf"]) {
        const std::string name = component["title"];
        result[kind + "/" + name] = placed(kind, sample_of(kind, name));
      }
    }
    return result;
  }

  /// The faults of all components and of the config itself.
  [[nodiscard]] std::vector<ConfigMutant> all() const {
    std::vector<ConfigMutant> result;
    add_faults(result, base(), "", without_components(schema_));
    for (const char* part : {"ema", "early_stopping", "checkpoint"}) {
      Json config = base();
      config[part] = Json::object();
      Json schema = schema_["properties"][part];
      if (schema.contains("anyOf")) schema = schema["anyOf"][0];
      add_faults(result, config, std::string("/") + part, schema);
    }
    for (const auto& [kind, definition] : schema_["definitions"].items()) {
      if (!kPlaces.contains(kind)) continue;
      const std::string place = kPlaces.at(kind);
      for (const Json& component : definition["oneOf"]) {
        add_faults(result, placed(kind, sample_of(kind, component["title"])), place, component);
      }
      add_faults_of_type(result, placed(kind, sample(reference(kind))), place, definition);
    }
    return result;
  }

 private:
  using Pointer = Json::json_pointer;

  // Where a component of each kind stands in a config.
  static inline const std::map<std::string, std::string> kPlaces = {
      {"dataset", "/dataset"},    {"transform", "/dataset/transforms/0"},
      {"model", "/model"},        {"layer", "/model/layers/0"},
      {"loss", "/loss"},          {"optimizer", "/optimizer"},
      {"schedule", "/schedule"},  {"metric", "/metrics/0"},
      {"initializer", "/init/0"},
  };

  static Json base() {
    return {{"dataset", {{"type", "fashion_mnist"}}},
            {"model", {{"type", "mlp"}}},
            {"loss", {{"type", "cross_entropy"}}},
            {"optimizer", {{"type", "sgd"}}}};
  }

  static Json placed(const std::string& kind, const Json& component) {
    Json config = base();
    if (kind == "layer") config["model"] = {{"type", "sequential"}, {"layers", Json::array()}};
    if (kind == "transform") config["dataset"]["transforms"] = Json::array();
    if (kind == "metric") config["metrics"] = Json::array();
    if (kind == "initializer") config["init"] = Json::array();
    config[Pointer(kPlaces.at(kind))] = component;
    return config;
  }

  static Json reference(const std::string& kind) { return {{"$ref", "#/definitions/" + kind}}; }

  static Json without_components(Json schema) {
    schema["properties"].erase("$schema");
    schema["properties"].erase("extends");
    for (const auto& [kind, place] : kPlaces) schema["properties"].erase(kind);
    schema["required"] = {"dataset", "model", "loss", "optimizer"};
    return schema;
  }

  // What the schema cannot tell of a component: how its options go together.
  static Json exception(const std::string& component) {
    if (component == "schedule/chained") {
      return {{"milestones", {2}}, {"schedules", {{{"type", "constant"}}, {{"type", "linear"}}}}};
    }
    if (component == "model/graph") {
      return Json::parse(R"({"nodes": [{"name": "a", "type": "relu", "inputs": ["input"]}],
                             "outputs": ["a"]})");
    }
    return Json::object();
  }

  [[nodiscard]] Json sample_of(const std::string& kind, const std::string& name) const {
    for (const Json& component : schema_["definitions"][kind]["oneOf"]) {
      if (component["title"] != name) continue;
      Json result = {{"type", name}};
      for (const Json& option : component["required"]) {
        if (option == "type") continue;
        result[option.get<std::string>()] = sample(component["properties"][option]);
      }
      result.update(exception(kind + "/" + name));
      return result;
    }
    return {};
  }

  // A value that a schema allows.
  [[nodiscard]] Json sample(const Json& schema) const {
    if (schema.contains("enum")) return schema["enum"][0];
    if (schema.contains("const")) return schema["const"];
    for (const char* choice : {"anyOf", "allOf"}) {
      if (schema.contains(choice)) return sample(schema[choice][0]);
    }
    if (schema.contains("$ref")) {
      const std::string kind = schema["$ref"].get<std::string>().substr(14);
      for (const Json& component : schema_["definitions"][kind]["oneOf"]) {
        if (component["required"].size() == 1) return sample_of(kind, component["title"]);
      }
      return sample_of(kind, schema_["definitions"][kind]["oneOf"][0]["title"]);
    }
    const Json type = schema.value("type", Json("object"));
    if (type.is_array()) return sample({{"type", type[0]}});
    if (type == "string") return "text";
    if (type == "boolean") return true;
    if (type == "array") {
      const auto size = schema.value("minItems", std::size_t{1});
      return Json(std::vector<Json>(size, sample(schema["items"])));
    }
    if (type == "object") return Json::object();
    const double least = schema.value("minimum", schema.value("exclusiveMinimum", 0.0) + 0.5);
    const double value = std::min(std::max(least, 2.0), schema.value("maximum", 2.0));
    const bool small = schema.contains("exclusiveMaximum") && schema["exclusiveMaximum"] <= value;
    if (type == "integer") return static_cast<std::int64_t>(value);
    return small ? Json(0.5) : Json(value);
  }

  // Values that a schema of options refuses, with what is said of them.
  static std::vector<std::pair<Json, std::string>> refused(const Json& schema) {
    std::vector<std::pair<Json, std::string>> result;
    const Json type = schema.value("type", Json());
    const char* const expected = "expected";
    if (type == "boolean") result.push_back({"yes", expected});
    if (type == "string") result.push_back({7, expected});
    if (type == "array" || type == "integer" || type == "number")
      result.push_back({"no", expected});
    if (type == "integer") result.push_back({1.5, expected});
    if (schema.contains("enum")) result.push_back({"no such value", "unknown value"});
    const char* const range = "out of range: must be ";
    if (schema.contains("minimum")) result.push_back({less(schema["minimum"]), range});
    if (schema.contains("maximum")) result.push_back({more(schema["maximum"]), range});
    for (const char* bound : {"exclusiveMinimum", "exclusiveMaximum"}) {
      if (schema.contains(bound)) result.push_back({schema[bound], range});
    }
    return result;
  }
  static Json less(const Json& bound) {
    return bound.is_number_integer() ? Json(bound.get<std::int64_t>() - 1)
                                     : Json(bound.get<double>() - 1);
  }
  static Json more(const Json& bound) {
    return bound.is_number_integer() ? Json(bound.get<std::int64_t>() + 1)
                                     : Json(bound.get<double>() + 1);
  }

  static void add(std::vector<ConfigMutant>& into, const Json& config, const std::string& path,
                  const Json& value, const std::string& reason, const std::string& at = "") {
    Json mutant = config;
    mutant[Pointer(path)] = value;
    into.push_back({std::move(mutant), at.empty() ? path : at, reason});
  }

  // Of an object at `place`: options missing, misspelt, of a wrong type, out of range.
  static void add_faults(std::vector<ConfigMutant>& into, const Json& config,
                         const std::string& place, const Json& schema) {
    for (const Json& key : schema.value("required", Json::array())) {
      if (key == "type") continue;  // add_faults_of_type
      ConfigMutant mutant = {config, place + "/" + key.get<std::string>(), "missing"};
      mutant.config[Pointer(place)].erase(key.get<std::string>());
      into.push_back(std::move(mutant));
    }
    for (const auto& [key, option] : schema["properties"].items()) {
      const std::string path = place + "/" + key;
      add(into, config, path + "x", 1, "unknown key (did you mean \"");
      if (key == "type") continue;
      for (const auto& [value, reason] : refused(option)) {
        add(into, config, path, value, reason);
      }
      if (!option.contains("items")) continue;
      const bool is_pair = option.contains("minItems");
      if (is_pair) add(into, config, path, Json::array({1}), "expected");
      for (const auto& [value, reason] : refused(option["items"])) {
        if (is_pair && reason != "expected") {
          add(into, config, path, Json::array({value, value}), reason);
        } else if (!is_pair && option["items"]["type"] != "string") {
          add(into, config, path, Json::array({value}), reason, path + "/0");
        }
      }
    }
  }

  // Of the "type" of a component, and of what is no component.
  static void add_faults_of_type(std::vector<ConfigMutant>& into, const Json& config,
                                 const std::string& place, const Json& definition) {
    const std::string name = definition["oneOf"][0]["title"];
    add(into, config, place + "/type", name + "q", "(did you mean \"" + name);
    add(into, config, place + "/type", 7, "expected the name of the ");
    add(into, config, place, 7, "expected an object such as {\"type\": ");
    add(into, config, place, Json::object(), "expected the name of the ", place + "/type");
  }

  Json schema_;
};

}  // namespace gradus::test

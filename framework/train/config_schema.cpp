#include "framework/train/config_schema.h"
#include "framework/nn/option_info.h"
#include "framework/train/config.h"

namespace gradus {
namespace {

Json reference(const std::string& kind) {
  return {{"$ref", "#/definitions/" + kind}};
}

// A list whose entries are components, or their names alone where those need no options.
Json short_list(const RegistryBase& registry) {
  const Json entry = {{"anyOf", {{{"enum", registry.names()}}, reference(registry.kind())}}};
  return {{"type", "array"}, {"items", entry}};
}

Json described(const std::string& doc, Json schema) {
  Json result = {{"description", doc}};
  result.update(schema);
  return result;
}

Json or_null(Json schema) {
  return {{"anyOf", {std::move(schema), {{"type", "null"}}}}};
}

// Any component of a registry.
Json component_schema(const RegistryBase& registry) {
  Json result = {{"oneOf", Json::array()}};
  for (const ComponentInfo& each : registry.components()) {
    Json one = each.schema();
    if (&registry == &data::datasets()) {
      one["properties"].update(object_schema(describe_options<DataOptions>())["properties"]);
    }
    if (&registry == &nn::initializers()) {
      const Json target = object_schema(describe_options<InitTarget>());
      one["properties"].update(target["properties"]);
      one["required"].push_back("parameters");
    }
    result["oneOf"].push_back(std::move(one));
  }
  return result;
}

// A component of a config that builds on another: changes of the options alone will do.
Json component_or_changes(const std::string& kind) {
  const Json changes = {{"type", "object"}, {"not", {{"required", {"type"}}}}};
  return {{"anyOf", {reference(kind), changes}}};
}

Json parts_schema() {
  const Json checkpoint = object_schema(describe_options<CheckpointOptions>());
  const Json ema = object_schema(describe_options<EmaOptions>());
  const Json stopping = object_schema(describe_options<EarlyStoppingOptions>());
  const Json metrics_list = {{"anyOf", {{{"const", "default"}}, short_list(metrics())}}};
  return {
      {"$schema", described("where this schema is", {{"type", "string"}})},
      {"extends", described("a config file of which this one is a change", {{"type", "string"}})},
      {"dataset", {{"description", "the examples"}}},
      {"model", {{"description", "the network"}}},
      {"init", described("the values that parameters start with; others keep the model's own",
                         {{"type", "array"}, {"items", reference("initializer")}})},
      {"freeze", described("patterns of the names of parameters that are not trained",
                           {{"type", "array"}, {"items", {{"type", "string"}}}})},
      {"loss", {{"description", "what training makes smaller"}}},
      {"optimizer", {{"description", "how the weights change"}}},
      {"schedule", {{"description", "how the learning rate changes; null: not at all"}}},
      {"metrics", described("what is measured on the test part beside the loss", metrics_list)},
      {"ema", described("an average of the weights; tests and checkpoints have it", or_null(ema))},
      {"early_stopping", described("ends the run before its last epoch", or_null(stopping))},
      {"checkpoint", described("when the run is saved", checkpoint)},
  };
}

constexpr const char* kNeeded[] = {"dataset", "model", "loss", "optimizer"};

// What holds of a config of its own, and of one that builds on another.
void add_components(Json& schema) {
  Json whole = {{"required", kNeeded}, {"properties", Json::object()}};
  Json changed = {{"properties", Json::object()}};
  for (const char* kind : kNeeded) {
    whole["properties"][kind] = reference(kind);
    changed["properties"][kind] = component_or_changes(kind);
  }
  whole["properties"]["schedule"] = or_null(reference("schedule"));
  changed["properties"]["schedule"] = or_null(component_or_changes("schedule"));
  schema["if"] = {{"required", {"extends"}}};
  schema["then"] = std::move(changed);
  schema["else"] = std::move(whole);
}

}  // namespace

Json config_schema() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "A training run of Gradus"}};
  schema.update(object_schema(describe_options<RunOptions>()));
  schema["properties"].update(parts_schema());
  add_components(schema);
  schema["definitions"] = Json::object();
  for (const RegistryBase* registry : RegistryBase::all()) {
    schema["definitions"][registry->kind()] = component_schema(*registry);
  }
  return schema;
}

}  // namespace gradus

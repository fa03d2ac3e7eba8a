#include "framework/train/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

const std::vector<std::string> kParts = {"$schema", "dataset",        "model",     "init",
                                         "freeze",  "loss",           "optimizer", "schedule",
                                         "ema",     "early_stopping", "metrics",   "checkpoint"};

template <class R>
typename R::Build prepare_part(const Json& json, const char* key, const R& registry,
                               Json& resolved) {
  if (!json.contains(key)) {
    throw ConfigError(std::string("/") + key,
                      "missing; expected an object with the \"type\" of the " + registry.kind() +
                          suggest("", registry.names()));
  }
  return registry.prepare(json[key], std::string("/") + key, &resolved[key]);
}

// A part that the config may leave out.
template <class Options>
std::optional<Options> read_part(const Json& json, const char* key, Json& resolved) {
  if (!json.contains(key) || json[key].is_null()) return {};
  return read_options<Options>(json[key], std::string("/") + key, {}, &resolved[key]);
}

// In the order of data::TargetSource.
constexpr const char* kTargets[] = {"none", "input", "transformed_input"};

}  // namespace

void DataOptions::describe(OptionReader& o) {
  Json list = Json::array();
  const Json entry = {
      {"anyOf", {{{"enum", data::transforms().names()}}, {{"$ref", "#/definitions/transform"}}}}};
  o("transforms", list, "changes of the inputs on their way into a batch, in their order",
    {"list", Json{{"type", "array"}, {"items", entry}}.dump()});
  transforms = data::TransformList(list, o.path() + "/transforms");
  o.resolve("transforms", transforms.resolved());
  std::string source = kTargets[static_cast<std::size_t>(target)];
  o("reconstruct", source,
    "whether the model is to predict its own input: as it was before the transforms, or after",
    {std::begin(kTargets), std::end(kTargets)});
  const auto* const found = std::find(std::begin(kTargets), std::end(kTargets), source);
  target = static_cast<data::TargetSource>(found - std::begin(kTargets));
  o("validation_ratio", validation_ratio,
    "the share of the training part that is held back and measured after each epoch, as "
    "validation_loss and so on",
    {.min = 0, .below = 1});
  o("validation_seed", validation_seed, "of the choice of those examples", {.min = 0});
}

Config::Config(const Json& json) {
  OptionReader reader(json, "");
  run.describe(reader);
  reader.finish(kParts);
  Json all = Json::object();
  dataset = prepare_part(json, "dataset", data::datasets(), all);
  OptionReader beside(json["dataset"], "/dataset");
  data_options.describe(beside);
  all["dataset"].update(beside.resolved());
  model = prepare_part(json, "model", models(), all);
  init = InitRules(json.value("init", Json::array()));
  all["init"] = init.resolved();
  freeze = FreezeRules(json.value("freeze", Json::array()));
  all["freeze"] = freeze.resolved();
  loss = prepare_part(json, "loss", nn::losses(), all);
  optimizer = prepare_part(json, "optimizer", optim::optimizers(), all);
  if (json.contains("schedule") && !json["schedule"].is_null()) {
    schedule = prepare_part(json, "schedule", optim::schedules(), all);
  }
  all.update(reader.resolved());
  ema = read_part<EmaOptions>(json, "ema", all);
  early_stopping = read_part<EarlyStoppingOptions>(json, "early_stopping", all);
  metrics = MetricsConfig(json.value("metrics", Json("default")));
  all["metrics"] = metrics.resolved();
  checkpoint = read_options<CheckpointOptions>(json.value("checkpoint", Json::object()),
                                               "/checkpoint", {}, &all["checkpoint"]);
  resolved = std::move(all);
}

}  // namespace gradus

#include "framework/train/config.h"

#include <nlohmann/json.hpp>

namespace gradus {
namespace {

const std::vector<std::string> kParts = {"$schema",   "dataset",   "model", "loss",
                                         "optimizer", "schedule",  "ema",   "early_stopping",
                                         "metrics",   "checkpoint"};

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

}  // namespace

Config::Config(const Json& json) {
  OptionReader reader(json, "");
  run.describe(reader);
  reader.finish(kParts);
  Json all = Json::object();
  dataset = prepare_part(json, "dataset", data::datasets(), all);
  transforms = data::TransformList(json["dataset"].value("transforms", Json::array()),
                                   "/dataset/transforms");
  all["dataset"]["transforms"] = transforms.resolved();
  model = prepare_part(json, "model", models(), all);
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

#include "framework/train/config.h"
#include "framework/train/file.h"

#include <charconv>

namespace gradus {
namespace {

const std::vector<std::string> kParts = {"dataset",    "model", "loss",           "optimizer",
                                         "schedule",   "ema",   "early_stopping", "metrics",
                                         "checkpoint", "init",  "freeze"};

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

// They stand with the options of the data set, whichever it is, but are none of its own.
Json take_transforms(Json& config) {
  const auto dataset = config.find("dataset");
  if (dataset == config.end() || !dataset->is_object()) return Json::array();
  Json list = dataset->value("transforms", Json::array());
  dataset->erase("transforms");
  return list;
}

// The element of a list that `key` counts to; nothing if it is no index or too large.
Json* element(Json& list, const std::string& key) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || index >= list.size())
    return nullptr;
  return &list[index];
}

void apply_setting(Json& json, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError("--set " + setting, "expected path.to.key=value");
  }
  const std::string path = setting.substr(0, equals);
  const std::string text = setting.substr(equals + 1);
  Json* place = &json;
  std::string walked;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, dot - begin);
    if (place->is_null()) *place = Json::object();
    Json* next = place->is_object()  ? &(*place)[key]
                 : place->is_array() ? element(*place, key)
                                     : nullptr;
    if (next == nullptr || key.empty()) {
      throw ConfigError("--set " + setting,
                        (walked.empty() ? "/" : walked) + " has no place for \"" + key + "\"");
    }
    walked += "/" + key;
    place = next;
    begin = dot + 1;
  }
  const Json value = Json::parse(text, nullptr, false);
  *place = value.is_discarded() ? Json(text) : value;
}

void collect_differences(const Json& a, const Json& b, const std::string& path,
                         std::vector<std::string>& into) {
  if (!a.is_object() || !b.is_object()) {
    if (a != b) into.push_back(path.empty() ? "/" : path);
    return;
  }
  for (const auto& [key, value] : a.items()) {
    collect_differences(value, b.contains(key) ? b[key] : Json(), path + "/" + key, into);
  }
  for (const auto& [key, value] : b.items()) {
    if (!a.contains(key)) into.push_back(path + "/" + key);
  }
}

}  // namespace

Config::Config(const Json& json) {
  OptionReader reader(json, "");
  run.describe(reader);
  reader.finish(kParts);
  resolved = Json::object();
  Json rest = json;
  const Json listed = take_transforms(rest);
  dataset = prepare_part(rest, "dataset", data::datasets(), resolved);
  transforms = data::TransformList(listed, "/dataset/transforms");
  resolved["dataset"]["transforms"] = transforms.resolved();
  model = prepare_part(json, "model", models(), resolved);
  init = InitRules(json.value("init", Json::array()));
  resolved["init"] = init.resolved();
  freeze = FreezeRules(json.value("freeze", Json::array()));
  resolved["freeze"] = freeze.resolved();
  loss = prepare_part(json, "loss", nn::losses(), resolved);
  optimizer = prepare_part(json, "optimizer", optim::optimizers(), resolved);
  if (json.contains("schedule") && !json["schedule"].is_null()) {
    schedule = prepare_part(json, "schedule", optim::schedules(), resolved);
  }
  resolved.update(reader.resolved());
  ema = read_part<EmaOptions>(json, "ema", resolved);
  early_stopping = read_part<EarlyStoppingOptions>(json, "early_stopping", resolved);
  metrics = MetricsConfig(json.value("metrics", Json("default")));
  resolved["metrics"] = metrics.resolved();
  checkpoint = read_options<CheckpointOptions>(json.value("checkpoint", Json::object()),
                                               "/checkpoint", {}, &resolved["checkpoint"]);
}

Json load_config(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  Json json;
  try {
    json = parse_json(read_file(path), path.string());
  } catch (const FileError& error) {
    throw ConfigError("config", error.what());
  }
  return with_settings(std::move(json), settings);
}

Json with_settings(Json json, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) apply_setting(json, setting);
  return json;
}

std::vector<std::string> differing_keys(const Json& a, const Json& b) {
  std::vector<std::string> result;
  collect_differences(a, b, "", result);
  return result;
}

}  // namespace gradus

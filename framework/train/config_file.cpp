// Files of configs: those that build on others, and settings of single values.
#include "framework/train/config.h"
#include "framework/train/file.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

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

// Puts `changes` over `base`. A component of another type replaces the one there; null removes.
void merge(Json& base, const Json& changes) {
  const bool both = base.is_object() && changes.is_object();
  if (!both || (changes.contains("type") && base.value("type", Json()) != changes["type"])) {
    base = changes;
    return;
  }
  for (const auto& [key, value] : changes.items()) {
    if (value.is_null()) {
      base.erase(key);
    } else {
      merge(base[key], value);
    }
  }
}

using Path = std::filesystem::path;

// `users` are the files that build on this one, outermost first.
Json read_config(const Path& path, std::vector<Path>& users) {
  Json json;
  try {
    json = parse_json(read_file(path), path.string(), JsonComments::Allowed);
  } catch (const FileError& error) {
    const std::string user = users.empty() ? "config" : users.back().string() + ": /extends";
    throw ConfigError(user, error.what());
  }
  const auto extends = json.is_object() ? json.find("extends") : json.end();
  if (extends == json.end()) return json;
  const std::string place = path.string() + ": /extends";
  if (!extends->is_string()) {
    throw ConfigError(place, "expected the path of a config file, from this one's folder");
  }
  users.push_back(path);
  const Path of = path.parent_path() / extends->get<std::string>();
  for (const Path& user : users) {
    std::error_code unreadable;  // which reading it will tell
    if (std::filesystem::equivalent(user, of, unreadable)) {
      throw ConfigError(place, "\"" + extends->get<std::string>() + "\" builds on itself");
    }
  }
  json.erase(extends);
  Json base = read_config(of, users);
  merge(base, json);
  users.pop_back();
  return base;
}

}  // namespace

Json load_config(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  std::vector<Path> users;
  return with_settings(read_config(path, users), settings);
}

Config Config::load(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  return Config(load_config(path, settings));
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

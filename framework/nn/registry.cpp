#include "framework/nn/registry.h"
#include "framework/nn/option_info.h"

namespace gradus {
namespace {

std::vector<const RegistryBase*>& registries() {
  static std::vector<const RegistryBase*> all;
  return all;
}

}  // namespace

RegistryBase::RegistryBase(std::string kind, std::vector<std::string> beside)
    : kind_(std::move(kind)), other_keys_(std::move(beside)) {
  other_keys_.insert(other_keys_.begin(), "type");
  registries().push_back(this);
}

RegistryBase::~RegistryBase() {
  std::erase(registries(), this);
}

const std::vector<const RegistryBase*>& RegistryBase::all() {
  return registries();
}

std::vector<std::string> RegistryBase::names() const {
  std::vector<std::string> result;
  for (const auto& [name, info] : infos_) result.push_back(name);
  return result;
}

std::vector<ComponentInfo> RegistryBase::components() const {
  std::vector<ComponentInfo> result;
  for (const auto& [name, info] : infos_) {
    OptionReader reader;
    info.describe(reader);
    result.push_back({name, info.doc, reader.described()});
  }
  return result;
}

void RegistryBase::add_info(const std::string& name, const std::string& doc, Describe describe) {
  if (!infos_.emplace(name, Info{doc, std::move(describe)}).second) {
    throw StateError(kind_ + " \"" + name + "\" is registered twice");
  }
}

std::string RegistryBase::name_in(const Json& config, const std::string& path) const {
  if (!config.is_object()) {
    throw ConfigError(path, "expected an object such as {\"type\": \"" +
                                (infos_.empty() ? "..." : infos_.begin()->first) + "\"}");
  }
  const auto type = config.find("type");
  if (type == config.end() || !type->is_string()) {
    throw ConfigError(path + "/type", "expected the name of the " + kind_ + suggest("", names()));
  }
  const auto name = type->get<std::string>();
  if (infos_.contains(name)) return name;
  throw ConfigError(path + "/type",
                    "unknown " + kind_ + " \"" + name + "\"" + suggest(name, names()));
}

void RegistryBase::resolve(const std::string& name, const OptionReader& reader, Json* resolved) {
  if (resolved == nullptr) return;
  Json values = {{"type", name}};
  values.update(reader.resolved());
  *resolved = std::move(values);
}

}  // namespace gradus

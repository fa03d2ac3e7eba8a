// Registries: components by name. A component is one file that adds itself; nothing lists it.
//
//   const bool kRegistered = optimizers().add<AdamOptions>("adam", "Adam (Kingma and Ba)", make);
//
// In JSON a component is an object with its name under "type" and its options beside it:
//   {"type": "adam", "lr": 0.001}
#pragma once

#include "framework/nn/options.h"

#include <functional>
#include <map>

namespace gradus {

/// What every registered component tells of itself, whatever it makes.
struct ComponentInfo {
  std::string name;
  std::string doc;
  std::vector<OptionInfo> options;
};

/// Components that make a Product from their options and Args.
/// Thread rules: filled before main(); only read afterwards.
template <class Product, class... Args>
class Registry {
 public:
  using Build = std::function<std::shared_ptr<Product>(Args...)>;

  struct Entry {
    std::string doc;
    std::function<std::vector<OptionInfo>()> describe;
    /// Checks the options, puts them with their defaults into *resolved, and returns the builder.
    std::function<Build(const Json& config, const std::string& path, Json* resolved)> prepare;
  };

  /// `kind` is what messages call a component: "optimizer".
  explicit Registry(std::string kind) : kind_(std::move(kind)) {}

  /// Returns true, so that a namespace-scope constant can call it.
  template <class Options>
  bool add(const std::string& name, const std::string& doc,
           std::function<std::shared_ptr<Product>(const Options&, Args...)> make) {
    Entry entry;
    entry.doc = doc;
    entry.describe = &describe_options<Options>;
    entry.prepare = [make, name](const Json& config, const std::string& path, Json* resolved) {
      Json values;
      const Options options = read_options<Options>(config, path, {"type"}, &values);
      if (resolved != nullptr) {
        *resolved = Json{{"type", name}};
        resolved->update(values);
      }
      return Build([make, options](Args... args) { return make(options, args...); });
    };
    if (!entries_.emplace(name, std::move(entry)).second) {
      throw StateError(kind_ + " \"" + name + "\" is registered twice");
    }
    return true;
  }

  /// Checks the config of a component; building happens later, when its inputs are known.
  Build prepare(const Json& config, const std::string& path, Json* resolved = nullptr) const {
    if (!config.is_object()) {
      throw ConfigError(path, "expected an object such as {\"type\": \"" +
                                  (entries_.empty() ? "..." : entries_.begin()->first) + "\"}");
    }
    const auto type = config.find("type");
    if (type == config.end() || !type->is_string()) {
      throw ConfigError(path + "/type", "expected the name of the " + kind_ + suggest("", names()));
    }
    const auto name = type->template get<std::string>();
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
      throw ConfigError(path + "/type",
                        "unknown " + kind_ + " \"" + name + "\"" + suggest(name, names()));
    }
    return found->second.prepare(config, path, resolved);
  }

  /// Makes a component at once, for C++ callers.
  std::shared_ptr<Product> make(const Json& config, Args... args) const {
    return prepare(config, "", nullptr)(args...);
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, entry] : entries_) result.push_back(name);
    return result;
  }
  [[nodiscard]] std::vector<ComponentInfo> components() const {
    std::vector<ComponentInfo> result;
    for (const auto& [name, entry] : entries_)
      result.push_back({name, entry.doc, entry.describe()});
    return result;
  }
  [[nodiscard]] const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
  std::map<std::string, Entry> entries_;
};

/// Options for components that have none.
struct NoOptions {
  void describe(OptionReader& /*reader*/) {}
};

}  // namespace gradus

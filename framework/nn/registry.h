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

struct ComponentInfo;  // option_info.h

/// What registries have in common, whatever their components make.
class RegistryBase {
 public:
  RegistryBase(const RegistryBase&) = delete;
  RegistryBase& operator=(const RegistryBase&) = delete;

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<ComponentInfo> components() const;
  /// What messages call a component: "optimizer".
  [[nodiscard]] const std::string& kind() const { return kind_; }
  /// All registries of the program.
  static const std::vector<const RegistryBase*>& all();

 protected:
  using Describe = std::function<void(OptionReader&)>;

  RegistryBase(std::string kind, std::vector<std::string> beside);
  ~RegistryBase();
  /// Throws StateError for a name that is taken.
  void add_info(const std::string& name, const std::string& doc, Describe describe);
  /// The component that a config names. Throws ConfigError for none.
  [[nodiscard]] std::string name_in(const Json& config, const std::string& path) const;
  /// Keys of a component's object that are none of its options: "type", and those of others.
  [[nodiscard]] const std::vector<std::string>& other_keys() const { return other_keys_; }
  static void resolve(const std::string& name, const OptionReader& reader, Json* resolved);

 private:
  struct Info {
    std::string doc;
    Describe describe;
  };

  std::string kind_;
  std::vector<std::string> other_keys_;
  std::map<std::string, Info> infos_;
};

/// Components that make a Product from their options and Args.
/// Thread rules: filled before main(); only read afterwards.
template <class Product, class... Args>
class Registry : public RegistryBase {
 public:
  using Build = std::function<std::shared_ptr<Product>(Args...)>;

  /// Keys in `beside` may stand in a component's object, too; whoever holds it reads them.
  explicit Registry(std::string kind, std::vector<std::string> beside = {})
      : RegistryBase(std::move(kind), std::move(beside)) {}

  /// Returns true, so that a namespace-scope constant can call it.
  template <class Options>
  bool add(const std::string& name, const std::string& doc,
           std::function<std::shared_ptr<Product>(const Options&, Args...)> make) {
    add_info(name, doc, [](OptionReader& reader) { Options().describe(reader); });
    readers_[name] = [make = std::move(make), this](OptionReader& reader) {
      Options options;
      options.describe(reader);
      reader.finish(other_keys());
      return Build([make, options](Args... args) { return make(options, args...); });
    };
    return true;
  }

  /// Checks the config of a component, and puts it with its defaults into *resolved; building
  /// happens later, when its inputs are known.
  Build prepare(const Json& config, const std::string& path, Json* resolved = nullptr) const {
    const std::string name = name_in(config, path);
    OptionReader reader(config, path);
    Build build = readers_.at(name)(reader);
    resolve(name, reader, resolved);
    return build;
  }

  /// Makes a component at once, for C++ callers.
  std::shared_ptr<Product> make(const Json& config, Args... args) const {
    return prepare(config, "", nullptr)(args...);
  }

 private:
  std::map<std::string, std::function<Build(OptionReader&)>> readers_;
};

/// Options for components that have none.
struct NoOptions {
  void describe(OptionReader& /*reader*/) {}
};

}  // namespace gradus

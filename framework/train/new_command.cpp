// `gradus new`: writes a config to begin with, in which every option stands with its default and a
// comment.
#include "framework/nn/option_info.h"
#include "framework/train/config.h"
#include "framework/train/file.h"
#include "framework/train/program.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>

namespace gradus {
namespace {

constexpr std::size_t kWidth = 100;

// "a, b, c", broken into lines of comment.
std::string comment(const std::string& text, const std::string& indent) {
  std::string result;
  std::string line = indent + "//";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      result += line + "\n";
      line = indent + "//";
    }
    line += " " + word;
  }
  return result + line + "\n";
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "" : ", ") + name;
  return result;
}

std::string key_value(const std::string& key, const Json& value) {
  return Json(key).dump() + ": " + value.dump();
}

std::string options_text(const std::vector<OptionInfo>& options, const std::string& indent) {
  std::string result;
  for (const OptionInfo& option : options) {
    const std::string range = option.range.empty() ? "" : "; " + option.range;
    const std::string must = option.is_required ? " (must be given: " + option.type + ")" : "";
    result += comment(option.doc + range + must, indent);
    result += indent + key_value(option.name, option.default_value) + ",\n";
  }
  return result;
}

// Without the comma after the last entry, which JSON does not have.
std::string without_last_comma(std::string text) {
  text.erase(text.rfind(','), 1);
  return text;
}

ComponentInfo find(const RegistryBase& registry, const std::string& name) {
  for (ComponentInfo& each : registry.components()) {
    if (each.name == name) return std::move(each);
  }
  throw ConfigError("--" + registry.kind(), "unknown " + registry.kind() + " \"" + name + "\"" +
                                                suggest(name, registry.names()));
}

// With the options `beside` those of the component itself.
std::string component_text(const RegistryBase& registry, const std::string& name,
                           const std::vector<OptionInfo>& beside = {}) {
  const ComponentInfo found = find(registry, name);
  const std::string inner(4, ' ');
  const std::string text = comment(found.doc + "; there are: " + joined(registry.names()), inner) +
                           inner + key_value("type", name) + ",\n" +
                           options_text(found.options, inner) + options_text(beside, inner);
  return "  \"" + registry.kind() + "\": {\n" + without_last_comma(text) + "  },\n";
}

// A part that a config may leave out, as a comment that can be made one of its lines.
std::string optional_text(const std::string& key, const std::string& doc,
                          const std::vector<OptionInfo>& options) {
  Json values = Json::object();
  for (const OptionInfo& option : options) values[option.name] = option.default_value;
  return comment(doc, "  ") + "  // " + key_value(key, values) + ",\n";
}

struct NewCommand {
  std::string file;
  std::string dataset = "fashion_mnist";
  std::string model = "mlp";
  std::string loss = "cross_entropy";
  std::string optimizer = "adam";
  std::string schedule;
  bool force = false;

  [[nodiscard]] std::string text() const {
    std::string result = comment("A training run. Train it: gradus train " + file, "");
    result += "{\n" + component_text(data::datasets(), dataset, describe_options<DataOptions>()) +
              component_text(models(), model) + component_text(nn::losses(), loss) +
              component_text(optim::optimizers(), optimizer);
    if (schedule.empty()) {
      result +=
          comment(
              "How the learning rate changes, one of: " + joined(optim::schedules().names()) + ".",
              "  ") +
          "  // \"schedule\": {\"type\": \"cosine\", \"unit\": \"step\"},\n";
    } else {
      result += component_text(optim::schedules(), schedule);
    }
    result += options_text(describe_options<RunOptions>(), "  ");
    result +=
        comment("what is measured on the test part beside the loss: \"default\", or a list of: " +
                    joined(metrics().names()),
                "  ") +
        "  \"metrics\": \"default\",\n";
    result += optional_text("ema", "an average of the weights; tests and checkpoints have it",
                            describe_options<EmaOptions>());
    result += optional_text("early_stopping", "ends the run before its last epoch",
                            describe_options<EarlyStoppingOptions>());
    result += "  \"checkpoint\": {\n" +
              without_last_comma(options_text(describe_options<CheckpointOptions>(), "    ")) +
              "  }\n}\n";
    return result;
  }

  void run() {
    if (std::filesystem::path(file).extension().empty()) file += ".json";
    if (!force && std::filesystem::exists(file)) {
      throw ConfigError(file, "is there already; --force replaces it");
    }
    const std::string content = text();
    const std::string_view pieces[] = {content};
    write_file_atomically(file, pieces);
    std::cout << "wrote " << file << '\n';
    std::vector<std::string> missing;
    const auto look = [&](const RegistryBase& registry, const std::string& name) {
      for (const OptionInfo& option : find(registry, name).options) {
        if (option.is_required) missing.push_back(registry.kind() + "." + option.name);
      }
    };
    look(data::datasets(), dataset);
    look(models(), model);
    look(nn::losses(), loss);
    look(optim::optimizers(), optimizer);
    if (!schedule.empty()) look(optim::schedules(), schedule);
    if (!missing.empty()) std::cout << "still to be given in it: " << joined(missing) << '\n';
  }
};

const bool kRegistered = add_command([](CLI::App& app) {
  CLI::App* command = app.add_subcommand("new", "write a config to begin with, with comments");
  auto made = std::make_shared<NewCommand>();
  command->add_option("name", made->file, "the file; .json is added where there is no extension")
      ->required();
  command->add_option("--dataset", made->dataset, "the data set (default: fashion_mnist)");
  command->add_option("--model", made->model, "the model (default: mlp)");
  command->add_option("--loss", made->loss, "the loss (default: cross_entropy)");
  command->add_option("--optimizer", made->optimizer, "the optimizer (default: adam)");
  command->add_option("--schedule", made->schedule, "the schedule of the learning rate");
  command->add_flag("--force", made->force, "replace the file if it is there");
  command->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus

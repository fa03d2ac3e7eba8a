#include "framework/train/program.h"
#include "framework/nn/initializers.h"
#include "framework/nn/joins.h"
#include "framework/nn/option_info.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/registry.h"
#include "framework/train/checkpoint.h"
#include "framework/train/command_options.h"
#include "framework/train/graph_command.h"
#include "framework/train/rethrow.h"
#include "framework/train/schedule_command.h"
#include "framework/train/trainer.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <csignal>
#include <iostream>

namespace gradus {
namespace {

volatile std::sig_atomic_t g_signal = 0;

// The first signal asks the run to save and stop; the second one ends the program as usual.
void on_signal(int signal) {
  g_signal = signal;
  std::signal(signal, SIG_DFL);
}

// As a shell reads it: bare where that is safe, else in single quotes.
std::string quoted(const std::string& word) {
  const bool safe = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/._-=+,:@").find(c) != std::string_view::npos;
  });
  if (safe) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

struct TrainCommand {
  std::string config;
  std::string out;
  std::string init;
  std::vector<std::string> settings;
  int threads = 0;
  bool resume = false;
  bool quiet = false;

  void add_to(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("train", "train a model as a JSON config says");
    add_config(*command, config, settings);
    command->add_option("--out", out, "folder of the run (default: runs/NAME, numbered)");
    command->add_flag("--resume", resume, "go on from the newest checkpoint of the run");
    command->add_option("--init", init, "begin with the weights of this safetensors file");
    add_threads(*command, threads);
    command->add_flag("--quiet", quiet, "print nothing but errors");
    command->callback([this, &exit_code] { exit_code = run(); });
  }

  // runs/cnn, runs/cnn-2, ...: the first that is free, or the last that is not.
  [[nodiscard]] std::filesystem::path default_folder() const {
    const std::string stem = std::filesystem::path(config).stem().string();
    std::filesystem::path last = std::filesystem::path("runs") / stem;
    std::filesystem::path next = last;
    for (int i = 2; std::filesystem::exists(next); ++i) {
      last = next;
      next = std::filesystem::path("runs") / (stem + "-" + std::to_string(i));
    }
    return resume ? last : next;
  }

  [[nodiscard]] int run() const {
    use_threads(threads);
    Config checked = Config::load(config, settings);
    TrainOptions options;
    options.out = out.empty() ? default_folder() : std::filesystem::path(out);
    options.resume = resume;
    options.init = init;
    options.progress = quiet ? Progress::Style::Quiet : Progress::automatic();
    options.stop_requested = [] { return g_signal != 0; };
    if (resume && !init.empty()) throw ConfigError("--init", "cannot go with --resume");
    Trainer trainer(std::move(checked));
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    const TrainResult result = trainer.train(options);
    if (!result.stopped) {
      if (!quiet) std::cout << "done: " << result.checkpoint.string() << '\n';
      if (!quiet && !result.best.empty()) std::cout << "best: " << result.best.string() << '\n';
      return 0;
    }
    std::cerr << "stopped after step " << result.steps << "; saved " << result.checkpoint.string()
              << "\nto go on: gradus train " << quoted(config) << " --out "
              << quoted(options.out.string()) << " --resume";
    for (const std::string& setting : settings) std::cerr << " --set " << quoted(setting);
    std::cerr << '\n';
    return 1;
  }
};

struct EvalCommand {
  std::string config;
  std::string checkpoint;
  std::vector<std::string> settings;
  int threads = 0;
  bool json = false;

  void add_to(CLI::App& app) {
    CLI::App* command = app.add_subcommand("eval", "measure saved weights on the test data");
    add_config(*command, config, settings);
    add_checkpoint(*command, checkpoint);
    add_threads(*command, threads);
    command->add_flag("--json", json, "print one JSON object");
    command->callback([this] { run(); });
  }

  void run() const {
    use_threads(threads);
    Trainer trainer(Config::load(config, settings));
    trainer.load_weights(checkpoint);
    const Evaluation found = trainer.evaluate();
    if (json) {
      Json result = {{"loss", short_decimal(static_cast<float>(found.loss))},
                     {"examples", found.examples}};
      for (const MetricResult& each : found.metrics) result[each.name] = *each.value;
      std::cout << result.dump() << '\n';
      return;
    }
    std::printf("loss %.4f", found.loss);
    const std::string metrics = to_text(found.metrics);
    std::printf("%s%s  (%lld examples)\n", metrics.empty() ? "" : "  ", metrics.c_str(),
                static_cast<long long>(found.examples));
  }
};

void inspect(const std::string& file) {
  SafetensorsFile content = read_safetensors(file);
  std::stable_partition(content.tensors.begin(), content.tensors.end(),
                        [](const auto& each) { return !each.name.starts_with(kOptimizerPrefix); });
  std::size_t width = 4;
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : content.tensors) width = std::max(width, name.size());
  for (const auto& [name, tensor] : content.tensors) {
    numbers += tensor.numel();
    std::printf("%-*s  %-8s  %s\n", static_cast<int>(width), name.c_str(),
                std::string(name_of(tensor.dtype())).c_str(), to_string(tensor.sizes()).c_str());
  }
  std::printf("%zu tensors, %lld numbers\n", content.tensors.size(),
              static_cast<long long>(numbers));
  for (const auto& [key, value] : content.metadata) {
    const Json json = Json::parse(value, nullptr, false);
    std::printf("%s: %s\n", key.c_str(),
                json.is_discarded() ? value.c_str() : json.dump(2).c_str());
  }
}

void list_components(const std::string& kind, const std::vector<ComponentInfo>& components) {
  std::printf("%s\n", kind.c_str());
  for (const ComponentInfo& component : components) {
    std::printf("  %s: %s\n", component.name.c_str(), component.doc.c_str());
    for (const OptionInfo& option : component.options) {
      const std::string value =
          option.is_required ? "required" : "default " + option.default_value.dump();
      std::printf("    %-16s %-11s %s; %s%s\n", option.name.c_str(), option.type.c_str(),
                  option.doc.c_str(), value.c_str(),
                  option.range.empty() ? "" : ("; " + option.range).c_str());
    }
  }
}

void list_ops() {
  std::printf("ops\n");
  for (const auto& [name, entry] : ops::OpRegistry::instance().entries()) {
    std::printf("  %s: %s\n", std::string(name).c_str(), std::string(entry.info.doc).c_str());
  }
}

void list(const std::string& what) {
  const auto all = what.empty();
  if (all || what == "datasets") list_components("datasets", data::datasets().components());
  if (all || what == "transforms") {
    list_components("transforms", data::transforms().components());
  }
  if (all || what == "models") list_components("models", models().components());
  if (all || what == "layers") list_components("layers", nn::layers().components());
  if (all || what == "joins") list_components("joins", nn::joins().components());
  if (all || what == "initializers") {
    list_components("initializers", nn::initializers().components());
  }
  if (all || what == "losses") list_components("losses", nn::losses().components());
  if (all || what == "metrics") list_components("metrics", metrics().components());
  if (all || what == "optimizers") {
    list_components("optimizers", optim::optimizers().components());
  }
  if (all || what == "schedules") {
    list_components(
        "schedules; a span is a count of the unit, \"2 epochs\", \"500 steps\" or \"run\"",
        optim::schedules().components());
  }
  if (all || what == "config") {
    list_components(
        "config", {{"run", "beside the components", describe_options<RunOptions>()},
                   {"dataset", "beside the data set's own", describe_options<DataOptions>()},
                   {"init", "a list; beside an initializer's own", describe_options<InitTarget>()},
                   {"ema", "an average of the weights, if given; tests and checkpoints have it",
                    describe_options<EmaOptions>()},
                   {"early_stopping", "ends the run before its last epoch, if given",
                    describe_options<EarlyStoppingOptions>()},
                   {"checkpoint", "when the run is saved", describe_options<CheckpointOptions>()}});
  }
  if (all || what == "ops") list_ops();
}

std::vector<std::function<void(CLI::App&)>>& more_commands() {
  static std::vector<std::function<void(CLI::App&)>> commands;
  return commands;
}

// CLI11 only says that a subcommand is missing where one is misspelt. Empty when all is well.
std::string misspelt_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end())
    return {};
  return "unknown command \"" + word + "\"" + suggest(word, names);
}

int parse_and_run(CLI::App& app, int argc, char** argv, const int& exit_code) {
  app.failure_message([](const CLI::App* /*app*/, const CLI::Error& error) {
    return "gradus: " + std::string(error.what()) + "\nSee gradus --help.\n";
  });
  try {
    const std::string fault = argc > 1 ? misspelt_command(app, argv[1]) : "";
    if (!fault.empty()) {
      std::cerr << "gradus: " << fault << '\n';
      return 2;
    }
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // a command's own
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const ConfigError& error) {
    std::cerr << "gradus: " << error.what() << '\n';
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "gradus: out of memory\n";
    return 1;
  } catch (...) {
    std::cerr << "gradus: " << message_of_caught() << '\n';
    return 1;
  }
}

}  // namespace

bool add_command(std::function<void(CLI::App&)> add) {
  more_commands().push_back(std::move(add));
  return true;
}

int program(int argc, char** argv) {
  CLI::App app("Gradus: trains small neural networks", "gradus");
  app.require_subcommand(1);
  int exit_code = 0;
  TrainCommand train_command;
  train_command.add_to(app, exit_code);
  EvalCommand eval_command;
  eval_command.add_to(app);
  GraphCommand graph_command;
  graph_command.add_to(app);
  ScheduleCommand schedule_command;
  schedule_command.add_to(app);
  for (const auto& add : more_commands()) add(app);
  std::string file;
  CLI::App* inspect_command = app.add_subcommand("inspect", "show what a safetensors file holds");
  inspect_command->add_option("file", file, "a checkpoint or state dict")->required();
  inspect_command->callback([&] { inspect(file); });
  std::string kind;
  CLI::App* list_command = app.add_subcommand("list", "show all that is registered");
  list_command
      ->add_option("kind", kind,
                   "only this: datasets, transforms, models, layers, joins, initializers, losses, "
                   "metrics, optimizers, schedules, config, ops")
      ->check(CLI::IsMember({"datasets", "transforms", "models", "layers", "joins", "initializers",
                             "losses", "metrics", "optimizers", "schedules", "config", "ops"}));
  list_command->callback([&] { list(kind); });
  return parse_and_run(app, argc, argv, exit_code);
}

}  // namespace gradus

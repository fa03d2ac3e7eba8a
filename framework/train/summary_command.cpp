// `gradus summary`: the layers of a config's model, with their shapes, parameters, work and memory.
// The command adds itself to the program.
#include "framework/nn/summary.h"
#include "framework/train/command_options.h"
#include "framework/train/program.h"
#include "framework/train/trainer.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct SummaryCommand {
  std::string config;
  std::vector<std::string> settings;
  int batch = 1;
  bool json = false;

  /// Returns the command, which does not yet run it.
  CLI::App* add_to(CLI::App& app);
  void run() const;
};

constexpr int kMostExamples = 65'536;

// The first examples of the training part, as a run would see them.
Tensor first_inputs(const Trainer& trainer, std::int64_t count) {
  data::DataLoaderOptions options = trainer.loader_options();
  options.batch_size = count;
  options.shuffle = false;
  options.prefetch = 0;
  data::DataLoader loader(trainer.data().train, options);
  loader.start_epoch(1);
  return loader.next()->input;
}

}  // namespace

CLI::App* SummaryCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("summary", "show the layers of a config's model");
  add_config(*command, config, settings);
  command->add_option("--batch", batch, "how many examples go through the model (default: 1)")
      ->check(CLI::Range(1, kMostExamples));
  command->add_flag("--json", json, "print one JSON object");
  return command;
}

void SummaryCommand::run() const {
  Trainer trainer(Config::load(config, settings));
  const Tensor input = first_inputs(trainer, batch);
  const RunOptions& options = trainer.config().run;
  trainer.model().train();
  const AutocastGuard autocast(options.is_mixed(), options.without_bfloat16());
  const nn::Summary seen = nn::summary(trainer.model(), input);
  std::cout << (json ? nn::to_json(seen).dump() + "\n" : nn::to_text(seen));
}

namespace {

const bool kRegistered = add_command([](CLI::App& app) {
  auto made = std::make_shared<SummaryCommand>();
  made->add_to(app)->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus

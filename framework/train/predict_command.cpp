// `gradus predict`: what saved weights say of new input.
#include "framework/train/command_options.h"
#include "framework/train/file.h"
#include "framework/train/prediction.h"
#include "framework/train/program.h"
#include "framework/train/weights.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct PredictCommand {
  std::string config;
  std::string checkpoint;
  std::string input;
  std::string out;
  std::string format;
  std::vector<std::string> settings;
  int threads = 0;
  bool probabilities = false;

  /// Returns the command, which does not yet run it.
  CLI::App* add_to(CLI::App& app);
  void run() const;
};

}  // namespace

CLI::App* PredictCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "say what saved weights make of new input");
  add_config(*command, config, settings);
  add_checkpoint(*command, checkpoint);
  command
      ->add_option("--input", input,
                   "the new examples: for csv a CSV file of the same feature columns; for sets of "
                   "images a PNG or JPEG file, a folder of them, an IDX file or a .npy of uint8; "
                   "for npy and npz a .npy file; for text a text")
      ->required();
  command->add_option("-o,--out", out, "the file to write (default: standard output)");
  command
      ->add_option("--format", format,
                   "csv, or json: an object a line (default: csv, or what OUT ends in)")
      ->check(CLI::IsMember({"csv", "json"}));
  command->add_flag("--probabilities", probabilities, "write those of all classes");
  add_threads(*command, threads);
  return command;
}

void PredictCommand::run() const {
  use_threads(threads);
  Trainer trainer(Config::load(config, settings));
  const data::DataSource& data = trainer.data();
  if (!data.reader) {
    const Json& type = (*trainer.config().resolved)["dataset"]["type"];
    throw ConfigError("/dataset/type", type.dump() +
                                           " makes its examples itself and can read no others, so "
                                           "there is nothing to predict for");
  }
  if (probabilities && !trainer.loss().has_probabilities()) {
    throw ConfigError("--probabilities", "the loss of the config does not tell any");
  }
  load_trained(trainer, checkpoint);
  const Prediction found = predict(trainer, data.reader->read(input));
  const bool json =
      format.empty() ? out.ends_with(".json") || out.ends_with(".jsonl") : format == "json";
  const std::string text =
      to_text(found, data,
              {.format = json ? PredictionFormat::JsonLines : PredictionFormat::Csv,
               .probabilities = probabilities});
  if (out.empty()) {
    std::cout << text << std::flush;
    return;
  }
  const std::string_view pieces[] = {text};
  write_file_atomically(out, pieces);
}

namespace {

const bool kRegistered = add_command([](CLI::App& app) {
  auto made = std::make_shared<PredictCommand>();
  made->add_to(app)->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus

#include "framework/train/predict_command.h"
#include "framework/kernels/parallel.h"
#include "framework/train/file.h"
#include "framework/train/prediction.h"
#include "framework/train/program.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr int kMostThreads = 1024;

const bool kRegistered = add_command([](CLI::App& app) {
  static PredictCommand command;
  command = {};
  command.add_to(app);
});

}  // namespace

void PredictCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "say what saved weights make of new input");
  command->add_option("config", config, "the config file")->required();
  command->add_option("--checkpoint", checkpoint, "a checkpoint or state dict")->required();
  command
      ->add_option("--input", input,
                   "the new examples: for csv a CSV file of the same feature columns, for sets of "
                   "images an IDX file or a .npy of uint8, for npy and npz a .npy file, for text a "
                   "text")
      ->required();
  command->add_option("-o,--out", out, "the file to write (default: standard output)");
  command
      ->add_option("--format", format,
                   "csv, or json: an object a line (default: csv, or what OUT ends in)")
      ->check(CLI::IsMember({"csv", "json"}));
  command->add_flag("--probabilities", probabilities, "write those of all classes");
  command->add_option("--set", settings, "set a value of the config: path.to.key=value")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--threads", threads, "bound of all computation (default: all cores)")
      ->check(CLI::Range(1, kMostThreads));
  command->callback([this] { run(); });
}

void PredictCommand::run() const {
  if (threads > 0) set_num_threads(threads);
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

}  // namespace gradus

// `gradus export`: a config's model with saved weights as an ONNX file.
// The command adds itself to the program.
#include "framework/onnx/export.h"
#include "framework/train/command_options.h"
#include "framework/train/file.h"
#include "framework/train/program.h"
#include "framework/train/trainer.h"
#include "framework/train/weights.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct ExportCommand {
  std::string config;
  std::string checkpoint;
  std::string out;
  std::vector<std::string> settings;

  /// Returns the command, which does not yet run it.
  CLI::App* add_to(CLI::App& app);
  void run() const;
};

constexpr std::int64_t kExamples = 10;  // for the traces of batches of 2, 3 and 5

std::string check_ending(const std::string& path) {
  return path.ends_with(".onnx") ? "" : path + ": models are exported as .onnx";
}

std::string doc_of(const Trainer& trainer) {
  const Json& config = *trainer.config().resolved;
  return "The model \"" + config["model"]["type"].get<std::string>() +
         "\" in evaluation. \"input\": a batch of examples of the data set \"" +
         config["dataset"]["type"].get<std::string>() +
         "\" as its encoding and the transforms of its test part make them. \"output\": what the "
         "loss \"" +
         config["loss"]["type"].get<std::string>() + "\" takes.";
}

onnx::Facts facts_of(const Trainer& trainer) {
  onnx::Facts facts;
  const Json& config = *trainer.config().resolved;
  facts.name = config["model"]["type"].get<std::string>();
  facts.doc = doc_of(trainer);
  facts.metadata.emplace_back("config", config.dump());
  const data::DataSource& data = trainer.data();
  if (!data.classes.empty()) facts.metadata.emplace_back("classes", Json(data.classes).dump());
  Json columns = Json::array();
  for (const data::TargetColumn& each : data.columns) {
    Json column = {{"name", each.name}};
    if (!each.levels.empty()) column["levels"] = each.levels;
    columns.push_back(std::move(column));
  }
  if (!columns.empty()) facts.metadata.emplace_back("columns", columns.dump());
  return facts;
}

}  // namespace

CLI::App* ExportCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "export",
      "write a model and its weights as an ONNX file, for any number of examples. Its \"input\" is "
      "what the data set's encoding and the transforms of the test part make of an example, its "
      "\"output\" what the loss takes; metadata has the config and the names of classes");
  add_config(*command, config, settings);
  add_checkpoint(*command, checkpoint);
  command->add_option("-o,--out", out, "the file to write: .onnx")
      ->required()
      ->check(CLI::Validator(check_ending, "FILE"));
  return command;
}

void ExportCommand::run() const {
  Trainer trainer(Config::load(config, settings));
  load_trained(trainer, checkpoint);
  const Tensor examples = trainer.test_examples(kExamples).input;
  const std::string file = onnx::export_model(trainer.model(), examples, facts_of(trainer));
  const std::string_view pieces[] = {file};
  write_file_atomically(out, pieces);
  std::cout << "wrote " << out << '\n';
}

namespace {

const bool kRegistered = add_command([](CLI::App& app) {
  auto made = std::make_shared<ExportCommand>();
  made->add_to(app)->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus

#include "framework/train/graph_command.h"
#include "framework/graph/picture.h"
#include "framework/train/command_options.h"
#include "framework/train/trainer.h"
#include "framework/train/weights.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace gradus {
namespace {

constexpr int kMostExamples = 1024;

std::string check_ending(const std::string& path) {
  if (can_save_graph_as(path)) return "";
  return path + ": a graph is saved as .html, .svg, .dot or .json";
}

}  // namespace

void GraphCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("graph", "draw the graph of one training step");
  add_config(*command, config, settings);
  command->add_option("-o,--out", out, "the file to write: .html, .svg, .dot or .json")
      ->required()
      ->check(CLI::Validator(check_ending, "FILE"));
  command->add_option("--batch", batch, "how many examples go through the model (default: 4)")
      ->check(CLI::Range(1, kMostExamples));
  command->add_option("--checkpoint", checkpoint, "draw with these weights, not with new ones");
  command->callback([this] { run(); });
}

void GraphCommand::run() const {
  Trainer trainer(Config::load(config, settings));
  if (!checkpoint.empty()) load_trained(trainer, checkpoint);
  const Graph seen = trainer.step_graph(batch);
  save(seen, out);
  std::cout << "wrote " << out << ": " << seen.nodes.size() << " nodes\n";
}

}  // namespace gradus

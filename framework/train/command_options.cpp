#include "framework/train/command_options.h"
#include "framework/kernels/parallel.h"

#include <CLI/CLI.hpp>

namespace gradus {
namespace {

constexpr int kMostThreads = 1024;

}  // namespace

void add_config(CLI::App& command, std::string& config, std::vector<std::string>& settings) {
  command.add_option("config", config, "the config file")->required();
  add_settings(command, settings);
}

void add_settings(CLI::App& command, std::vector<std::string>& settings) {
  command.add_option("--set", settings, "set a value of the config: path.to.key=value")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_checkpoint(CLI::App& command, std::string& checkpoint) {
  command.add_option("--checkpoint", checkpoint, "a checkpoint or state dict")->required();
}

void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "bound of all computation (default: all cores)")
      ->check(CLI::Range(1, kMostThreads));
}

void use_threads(int threads) {
  if (threads > 0) set_num_threads(threads);
}

}  // namespace gradus

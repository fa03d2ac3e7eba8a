// `gradus generate`: goes on with a text by saved weights.
#include "framework/train/characters.h"
#include "framework/train/command_options.h"
#include "framework/train/generation.h"
#include "framework/train/prediction.h"
#include "framework/train/program.h"
#include "framework/train/weights.h"

#include <CLI/CLI.hpp>
#include <iostream>

namespace gradus {
namespace {

struct GenerateCommand {
  std::string config;
  std::string checkpoint;
  std::string prompt;
  std::vector<std::string> settings;
  std::int64_t length = 500;
  std::int64_t seed = 0;
  int threads = 0;
  SamplingOptions sampling{};

  /// Returns the command, which does not yet run it.
  CLI::App* add_to(CLI::App& app);
  void run() const;
};

constexpr std::int64_t kMostTokens = std::int64_t{1} << 40U;
constexpr double kMostTemperature = 1e6;

void check_data(const data::DataSource& data) {
  const data::Example first = data.train->get(0);
  const bool is_text = !data.classes.empty() && first.input.dtype() == kInt64 &&
                       first.input.dim() == 1 && first.target.dtype() == kInt64 &&
                       first.target.sizes() == first.input.sizes();
  if (is_text) return;
  throw ConfigError("/dataset", "is no text: there are no characters to go on with");
}

std::vector<std::int64_t> tokens_of_prompt(const std::string& prompt,
                                           const data::DataSource& data) {
  if (prompt.empty()) return {data.train->get(0).input.select(0, 0).item<std::int64_t>()};
  const auto characters = data::characters_of(prompt, "--prompt");
  const std::string unknown = data::unknown_characters(characters, data.classes);
  if (!unknown.empty()) throw ConfigError("--prompt", unknown);
  return data::tokens_of(characters, data.classes, "--prompt");
}

}  // namespace

CLI::App* GenerateCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "go on with a text by saved weights");
  add_config(*command, config, settings);
  add_checkpoint(*command, checkpoint);
  command->add_option("--prompt", prompt,
                      "the text to go on with (default: the first character of the data)");
  command->add_option("--length", length, "how many characters to add (default: 500)")
      ->check(CLI::Range(std::int64_t{0}, kMostTokens));
  command
      ->add_option("--temperature", sampling.temperature,
                   "what scores are divided by; 0: always the likeliest character (default: 1)")
      ->check(CLI::Range(0.0, kMostTemperature));
  command->add_option("--top-k", sampling.top_k, "only the K likeliest; 0: all (default: 0)")
      ->check(CLI::Range(std::int64_t{0}, kMostTokens));
  command
      ->add_option("--top-p", sampling.top_p,
                   "only the likeliest whose probabilities sum to P (default: 1)")
      ->check(CLI::Validator(
          [](const std::string& text) {
            double p = 0;
            const bool fits = CLI::detail::lexical_cast(text, p) && p > 0 && p <= 1;
            return fits ? std::string() : "expected a number above 0 and up to 1, got " + text;
          },
          "P"));
  command->add_option("--seed", seed, "of what is drawn (default: 0)")
      ->check(CLI::NonNegativeNumber);
  add_threads(*command, threads);
  return command;
}

void GenerateCommand::run() const {
  use_threads(threads);
  Trainer trainer(Config::load(config, settings));
  const data::DataSource& data = trainer.data();
  check_data(data);
  const std::vector<std::int64_t> begin = tokens_of_prompt(prompt, data);
  load_trained(trainer, checkpoint);
  Generator generator(static_cast<std::uint64_t>(seed));
  const auto print = [&](std::int64_t token) {
    std::cout << data.classes[static_cast<std::size_t>(token)] << std::flush;
  };
  for (const std::int64_t token : begin) print(token);
  generate(trainer, begin, length, sampling, generator, print);
  std::cout << '\n';
}

namespace {

const bool kRegistered = add_command([](CLI::App& app) {
  auto made = std::make_shared<GenerateCommand>();
  made->add_to(app)->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus

#include "framework/train/schedule_command.h"
#include "framework/train/chart.h"
#include "framework/train/command_options.h"
#include "framework/train/file.h"
#include "framework/train/trainer.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr std::int64_t kMostLines = 100'000;
constexpr std::int64_t kMostPoints = 1000;  // more than there are pixels

// Steps, and the rate of each.
struct Curve {
  std::vector<std::pair<std::int64_t, double>> rates;
  bool is_sampled = false;  // steps in even distances; else those at which the rate changes
};

// Samples, with the first and the last step, where there are more than `most` changes.
Curve curve_of(const Trainer& trainer, std::int64_t most) {
  const std::int64_t steps = trainer.steps_per_epoch() * trainer.config().run.epochs;
  Curve curve;
  for (std::int64_t step = 0; step < steps && std::ssize(curve.rates) <= most; ++step) {
    const double rate = trainer.learning_rate_at(step);
    if (step == 0 || rate != curve.rates.back().second) curve.rates.emplace_back(step, rate);
  }
  if (std::ssize(curve.rates) <= most) return curve;
  curve = {.rates = {}, .is_sampled = true};
  for (std::int64_t i = 0; i < most; ++i) {
    const std::int64_t step = i * (steps - 1) / (most - 1);
    curve.rates.emplace_back(step, trainer.learning_rate_at(step));
  }
  return curve;
}

std::string name_of_schedule(const Trainer& trainer) {
  const Json& config = *trainer.config().resolved;
  return config.contains("schedule") ? config["schedule"]["type"].get<std::string>() : "constant";
}

// A line that leaps where the rate does; between samples it is straight.
std::string draw(const Trainer& trainer) {
  const auto epoch_of = [&](std::int64_t step) {
    return static_cast<double>(step) / static_cast<double>(trainer.steps_per_epoch());
  };
  const Curve curve = curve_of(trainer, kMostPoints);
  ChartLine line{name_of_schedule(trainer), {}};
  for (const auto& [step, rate] : curve.rates) {
    if (!curve.is_sampled && step > 0) {
      line.points.emplace_back(epoch_of(step), line.points.back().second);
    }
    line.points.emplace_back(epoch_of(step), rate);
  }
  line.points.emplace_back(trainer.config().run.epochs, line.points.back().second);
  return draw_chart("Learning rate", "learning rate", {{"", "epoch", {std::move(line)}}},
                    {.scale = ChartScale::Linear, .width = 500});
}

}  // namespace

void ScheduleCommand::add_to(CLI::App& app) {
  CLI::App* command = app.add_subcommand("schedule", "show the learning rates of a config");
  add_config(*command, config, settings);
  command->add_option("--plot", plot, "draw them into this SVG file");
  command->add_option("--lines", lines, "how many rates to print at most (default: 20)")
      ->check(CLI::Range(std::int64_t{3}, kMostLines));
  command->callback([this] { run(); });
}

void ScheduleCommand::run() const {
  const Trainer trainer(Config::load(config, settings));
  std::printf("epoch      step  learning rate\n");
  for (const auto& [step, rate] : curve_of(trainer, lines).rates) {
    std::printf("%5lld  %8lld  %.6g\n",
                static_cast<long long>(step / trainer.steps_per_epoch() + 1),
                static_cast<long long>(step + 1), rate);
  }
  std::printf("%lld epochs of %lld steps", static_cast<long long>(trainer.config().run.epochs),
              static_cast<long long>(trainer.steps_per_epoch()));
  for (const std::string& metric : trainer.schedule_metrics()) {
    std::printf("; as long as %s gets better", metric.c_str());
  }
  std::printf("\n");
  if (plot.empty()) return;
  const std::string picture = draw(trainer);
  const std::string_view pieces[] = {picture};
  write_file_atomically(plot, pieces);
}

}  // namespace gradus

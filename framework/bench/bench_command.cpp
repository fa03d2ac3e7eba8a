// `gradus bench`: measures training steps against the roof of the machine.
#include "framework/bench/growth.h"
#include "framework/bench/report.h"
#include "framework/kernels/parallel.h"
#include "framework/train/command_options.h"
#include "framework/train/config.h"
#include "framework/train/file.h"
#include "framework/train/program.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus::bench {
namespace {

constexpr int kMostRounds = 1000;

struct BenchCommand {
  std::string config;
  std::vector<std::string> names;
  std::vector<std::string> settings;
  MeasureOptions options;
  int threads = 0;
  bool json = false;
  bool profile = false;
  bool growth = false;
  std::string plot;

  void add_to(CLI::App& app) {
    CLI::App* command = app.add_subcommand("bench", "measure training steps");
    command->add_option("config", config, "a config file (default: all workloads)");
    command->add_option("--workload", names, "only this workload: mlp_sgd, cnn, ...")
        ->allow_extra_args(false);
    add_settings(*command, settings);
    command->add_option("--rounds", options.rounds, "timed rounds (default: 7)")
        ->check(CLI::Range(1, kMostRounds));
    command
        ->add_option("--round-seconds", options.round_seconds, "length of a round (default: 0.15)")
        ->check(CLI::Range(0.0, 3600.0));
    add_threads(*command, threads);
    command->add_flag("--json", json, "print one JSON object");
    command->add_flag("--profile", profile, "also what each op of a step costs");
    command->add_flag("--growth", growth, "how the cost of an mlp grows with its sizes, instead");
    command->add_option("--plot", plot, "with --growth: draw it into this SVG file");
    command->callback([this] { run(); });
  }

  // What is to be measured: a name and the maker of its step.
  struct Subject {
    std::string name;
    std::function<Step()> make;
  };

  [[nodiscard]] Subject subject(const std::string& name, const Json& values) const {
    const Config checked(values);  // what is wrong comes out before the first measurement
    return {name, [values] { return training_step(values); }};
  }
  [[nodiscard]] Subject subject(const Workload& workload) const {
    if (!workload.config.empty()) {
      return subject(workload.name, with_settings(Json::parse(workload.config), settings));
    }
    if (!settings.empty()) throw ConfigError("--set", "the workload graph has no config");
    return {workload.name, [&workload] { return step_of(workload); }};
  }
  [[nodiscard]] std::vector<Subject> subjects() const {
    std::vector<Subject> result;
    if (!config.empty()) {
      if (!names.empty()) throw ConfigError("--workload", "cannot go with a config file");
      result.push_back(
          subject(std::filesystem::path(config).stem().string(), load_config(config, settings)));
      return result;
    }
    for (const std::string& name : names) result.push_back(subject(find_workload(name)));
    if (!names.empty()) return result;
    if (!settings.empty()) throw ConfigError("--set", "needs a config file or a --workload");
    for (const Workload& each : workloads()) result.push_back(subject(each));
    return result;
  }

  void run() const {
    use_threads(threads);
    if (growth) return run_growth();
    if (!plot.empty()) throw ConfigError("--plot", "goes with --growth");
    const std::vector<Subject> all = subjects();
    const Roof roof = measure_roof();
    Json report = {
        {"threads", num_threads()}, {"roof", to_json(roof)}, {"workloads", Json::array()}};
    if (!json) {
      print(std::cout, roof);
      print_heading(std::cout);
    }
    for (const Subject& each : all) {
      const Measured measured{each.name, measure(each.make, options)};
      if (!json) {
        print_row(std::cout, measured, roof);
        if (profile) print_profile(std::cout, measured);
        continue;
      }
      Json entry = to_json(measured, roof);
      if (profile) entry["profile"] = profile_json(measured.measurement);
      report["workloads"].push_back(std::move(entry));
    }
    if (json) std::cout << report.dump() << '\n';
  }

  void run_growth() const {
    if (!config.empty() || !names.empty() || !settings.empty() || profile) {
      throw ConfigError("--growth", "takes neither a config nor workloads, settings or --profile");
    }
    const Roof roof = measure_roof();
    if (!json) {
      print(std::cout, roof);
      print_heading(std::cout);
    }
    std::vector<Growth> all;
    for (const GrowthPlan& plan : growth_plans()) {
      all.push_back(measure_growth(plan, options, [&](const Measured& measured) {
        if (!json) print_row(std::cout, measured, roof);
      }));
    }
    if (!plot.empty()) {
      const std::string picture = chart_of(all, roof);
      const std::string_view pieces[] = {picture};
      write_file_atomically(plot, pieces);
    }
    if (json) {
      std::cout << Json{{"threads", num_threads()},
                        {"roof", to_json(roof)},
                        {"growth", to_json(all, roof)}}
                       .dump()
                << '\n';
    }
  }
};

const bool kRegistered = add_command([](CLI::App& app) {
  static BenchCommand command;
  command = {};
  command.add_to(app);
});

}  // namespace
}  // namespace gradus::bench

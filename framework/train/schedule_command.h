// `gradus schedule`: shows the learning rates of a config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

struct ScheduleCommand {
  std::string config;
  std::string plot;
  std::vector<std::string> settings;
  std::int64_t lines = 20;

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

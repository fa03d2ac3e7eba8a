// `gradus summary`: the layers of a config's model, with their shapes, parameters, work and memory.
// The command adds itself to the program.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

struct SummaryCommand {
  std::string config;
  std::vector<std::string> settings;
  int batch = 1;
  bool json = false;

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

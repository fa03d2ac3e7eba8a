// `gradus graph`: draws the graph of one training step of a config.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

struct GraphCommand {
  std::string config;
  std::string out;
  std::string checkpoint;
  std::vector<std::string> settings;
  int batch = 4;

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

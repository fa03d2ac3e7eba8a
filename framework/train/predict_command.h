// `gradus predict`: what saved weights say of new input. It adds itself to the program.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

struct PredictCommand {
  std::string config;
  std::string checkpoint;
  std::string input;
  std::string out;
  std::string format;
  std::vector<std::string> settings;
  int threads = 0;
  bool probabilities = false;

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

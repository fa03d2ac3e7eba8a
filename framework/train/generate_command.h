// `gradus generate`: goes on with a text by saved weights. It adds itself to the program.
#pragma once

#include "framework/train/generation.h"

namespace CLI {
class App;
}

namespace gradus {

struct GenerateCommand {
  std::string config;
  std::string checkpoint;
  std::string prompt;
  std::vector<std::string> settings;
  std::int64_t length = 500;
  std::int64_t seed = 0;
  int threads = 0;
  SamplingOptions sampling{};

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

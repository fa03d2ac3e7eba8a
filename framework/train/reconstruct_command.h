// `gradus reconstruct`: a picture of test images and what a model makes of them, or of images that
// it makes by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

struct ReconstructCommand {
  std::string config;
  std::string checkpoint;
  std::string out;
  std::vector<std::string> settings;
  std::int64_t count = 16;
  std::int64_t sample = 0;

  /// Adds the command to `app`, which runs it; both must live until then.
  void add_to(CLI::App& app);
  void run() const;
};

}  // namespace gradus

// The text of a config, with all that it says of its components.
#include <nlohmann/json.hpp>

#include "framework/train/config.h"
#include "framework/train/file.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradus::fuzz::refusing([&] {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const gradus::Config config(gradus::parse_json(text, "config", gradus::JsonComments::Allowed));
    // What is sound stays so with every option written down.
    const gradus::Config again(*config.resolved);
    if (*again.resolved != *config.resolved) std::abort();
  });
  return 0;
}

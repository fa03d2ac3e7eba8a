#include "tests/support/paths.h"

namespace gradus::test {

std::filesystem::path source_path(const std::string& name) {
  const std::filesystem::path root = GRADUS_SOURCE_DIR;
  return name.empty() ? root : root / name;
}

std::filesystem::path build_path(const std::string& name) {
  return std::filesystem::path(GRADUS_BINARY_DIR) / name;
}

std::string program_path() {
  return GRADUS_PROGRAM;
}

}  // namespace gradus::test

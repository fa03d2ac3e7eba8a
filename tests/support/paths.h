// Where the sources, the build and the program are. CMake tells it to one source alone: all others
// compile to the same whatever folder they are in, so that a compiler cache knows them again.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::test {

/// A file or folder of the repository: source_path("models/cnn.json").
std::filesystem::path source_path(const std::string& name = "");
/// One of the build directory: build_path("bin/examples").
std::filesystem::path build_path(const std::string& name);
/// The program `gradus`.
std::string program_path();

}  // namespace gradus::test

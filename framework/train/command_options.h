// Arguments that several commands of the program have, so that they are called and checked alike.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace gradus {

/// The config file, which must be given, and --set.
void add_config(CLI::App& command, std::string& config, std::vector<std::string>& settings);
/// --set path.to.key=value, any number of times.
void add_settings(CLI::App& command, std::vector<std::string>& settings);
/// --checkpoint, which must be given.
void add_checkpoint(CLI::App& command, std::string& checkpoint);
/// --threads, which stays 0 where it is not given: see use_threads().
void add_threads(CLI::App& command, int& threads);

/// Bounds all computation by what --threads said, if anything.
void use_threads(int threads);

}  // namespace gradus

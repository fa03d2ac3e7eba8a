// The command line of Gradus, for its own program and for programs with components of their own:
//
//   #include <gradus/gradus.h>
//   int main(int argc, char** argv) { return gradus::program(argc, argv); }
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gradus {

/// Runs `gradus COMMAND ...`; --help lists the commands. Returns the exit code: 0; 2 for a wrong
/// command line or config; 1 for anything else. Errors are printed to standard error.
int program(int argc, char** argv);

/// Gives the program a further command: `add` is called with the application before each parse, and
/// what it adds outlives that. For constants at namespace scope. Returns true.
bool add_command(std::function<void(CLI::App&)> add);

}  // namespace gradus

// The command line of Gradus, for its own program and for programs with components of their own:
//
//   #include <gradus/gradus.h>
//   int main(int argc, char** argv) { return gradus::program(argc, argv); }
#pragma once

namespace gradus {

/// Runs `gradus train|eval|graph|inspect|list ...`. Returns the exit code: 0; 2 for a wrong command
/// line or config; 1 for anything else. Errors are printed to standard error.
int program(int argc, char** argv);

}  // namespace gradus

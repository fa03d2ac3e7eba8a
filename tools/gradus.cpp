// The program `gradus`: the command line with all built-in components.
#include "framework/train/program.h"

int main(int argc, char** argv) {
  return gradus::program(argc, argv);
}

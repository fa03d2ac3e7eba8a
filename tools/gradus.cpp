// The program `gradus`: the command line with all built-in components.
#include <gradus/train/program.h>

int main(int argc, char** argv) {
  return gradus::program(argc, argv);
}

// The program `gradus` with components of one's own: each is a file beside this one that registers
// itself, and this main hands over to the command line.
//
//   own_components train own_components.json --out runs/rings
//   own_components list losses
#include <gradus/gradus.h>

int main(int argc, char** argv) {
  return gradus::program(argc, argv);
}

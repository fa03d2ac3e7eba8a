// The bytes of a .npy file.
#include "datasets/npy.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradus::fuzz::refusing([&] {
    gradus::data::parse_npy({reinterpret_cast<const char*>(data), size}, "some.npy");
  });
  return 0;
}

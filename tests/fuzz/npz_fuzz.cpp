// An .npz archive, with all arrays in it.
#include "datasets/npy.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gradus::fuzz::MemoryFile file({"some.npz"});
  file.write({reinterpret_cast<const char*>(data), size});
  gradus::fuzz::refusing([&] {
    for (const std::string& name : gradus::data::npz_names(file / "some.npz")) {
      gradus::fuzz::refusing([&] { gradus::data::read_npz(file / "some.npz", name); });
    }
  });
  return 0;
}

// The bytes of a JPEG file, as colours or gray by whether they are an even number.
#include "datasets/image_file.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradus::fuzz::refusing([&] {
    gradus::data::decode_image({reinterpret_cast<const char*>(data), size}, "some.jpg",
                               size % 2 == 0 ? 3 : 1);
  });
  return 0;
}

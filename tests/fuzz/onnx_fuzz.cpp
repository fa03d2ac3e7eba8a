// An ONNX file, as `gradus inspect` shows it.
#include "framework/onnx/reader.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradus::fuzz::refusing([&] {
    gradus::onnx::parse_model({reinterpret_cast<const char*>(data), size}, "some.onnx");
  });
  return 0;
}

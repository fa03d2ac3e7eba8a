// The bytes of a PNG file, as colours or gray by whether they are an even number. Mutants get the
// checksums of their chunks right, or few would come further than those.
#include "datasets/image_file.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gradus::fuzz::refusing([&] {
    gradus::data::decode_image({reinterpret_cast<const char*>(data), size}, "some.png",
                               size % 2 == 0 ? 3 : 1);
  });
  return 0;
}

#ifndef GRADUS_REPLAYS  // without libFuzzer
namespace {

std::uint32_t big_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24U | std::uint32_t{at[1]} << 16U | std::uint32_t{at[2]} << 8U |
         at[3];
}

// Signature (8 bytes), then chunks: length, type, that many bytes, checksum of type and bytes.
void repair_checksums(std::uint8_t* data, std::size_t size) {
  for (std::size_t at = 8; at + 12 <= size;) {
    const std::size_t length = big_endian(data + at);
    if (length > size - at - 12) return;
    const auto sum =
        static_cast<std::uint32_t>(::crc32(0, data + at + 4, static_cast<uInt>(length + 4)));
    for (unsigned i = 0; i < 4; ++i) {
      data[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    }
    at += 12 + length;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, most);
  if (seed % 8 != 0) repair_checksums(data, mutated);
  return mutated;
}
#endif

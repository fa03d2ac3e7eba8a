// An IDX file. The first byte: 0 gives the rest as it is (plain or gzipped), 1 gzips it first; the
// rest of that byte says how many dims are expected, 0 any.
#include "datasets/idx.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gradus::fuzz::MemoryFile file({"some-idx"});
  gradus::fuzz::Bytes bytes(data, size);
  const unsigned form = bytes.next();
  file.write(form % 2 == 0 ? std::string(bytes.rest()) : gradus::fuzz::gzipped(bytes.rest()));
  const int dims = static_cast<int>(form / 2 % 5);
  gradus::fuzz::refusing([&] {
    gradus::data::read_idx(file / "some-idx", dims == 0 ? std::nullopt : std::optional(dims));
  });
  return 0;
}

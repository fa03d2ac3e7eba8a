// A safetensors file. An even first byte: the rest is the file. An odd one: the next two bytes are
// the number of bytes of data, the rest is the header.
#include "framework/train/safetensors.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gradus::fuzz::MemoryFile file({"some.safetensors"});
  gradus::fuzz::Bytes bytes(data, size);
  std::string content;
  if (bytes.next() % 2 == 0) {
    content = bytes.rest();
  } else {
    const std::size_t count = bytes.next() + 256 * (bytes.next() % 4);
    const std::uint64_t length = bytes.rest().size();
    content.assign(reinterpret_cast<const char*>(&length), sizeof length);
    content += bytes.rest();
    content.append(count, '\1');
  }
  file.write(content);
  gradus::fuzz::refusing([&] { gradus::read_safetensors(file / "some.safetensors"); });
  return 0;
}

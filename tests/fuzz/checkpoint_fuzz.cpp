// What a checkpoint says of its run. An even first byte: the rest is the file. An odd one: the rest
// is the metadata of a file that is sound otherwise.
#include <nlohmann/json.hpp>

#include "framework/train/checkpoint.h"
#include "tests/fuzz/input.h"

namespace {

std::string file_with(std::string_view metadata) {
  using gradus::Json;
  const auto tensor = [](int begin) {
    return Json{{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {begin, begin + 8}}};
  };
  const Json header = {{"__metadata__", {{"format", "pt"}, {"gradus", metadata}}},
                       {"0.weight", tensor(0)},
                       {"optimizer.0.weight.exp_avg", tensor(8)}};
  const std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::uint64_t length = text.size();
  std::string content(reinterpret_cast<const char*>(&length), sizeof length);
  return content + text + std::string(16, '\0');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gradus::fuzz::MemoryFile file({"some.safetensors"});
  gradus::fuzz::Bytes bytes(data, size);
  const bool is_file = bytes.next() % 2 == 0;
  file.write(is_file ? std::string(bytes.rest()) : file_with(bytes.rest()));
  gradus::fuzz::refusing([&] { gradus::load_checkpoint(file / "some.safetensors"); });
  return 0;
}

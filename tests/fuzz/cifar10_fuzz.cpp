// CIFAR-10's binary files, all six of the same content. The first byte says how many records they
// are to have, up to more than there is memory for.
#include <nlohmann/json.hpp>

#include <map>

#include "framework/train/dataset.h"
#include "tests/fuzz/input.h"

namespace {

using Build = gradus::Registry<gradus::data::DataSource>::Build;

// Reading the options would take most of the time.
const Build& build_of(const std::filesystem::path& folder, std::int64_t per_file) {
  static std::map<std::int64_t, Build> builds;
  auto found = builds.find(per_file);
  if (found == builds.end()) {
    const gradus::Json options = {
        {"type", "cifar10"}, {"path", folder.string()}, {"per_file", per_file}};
    found = builds.emplace(per_file, gradus::data::datasets().prepare(options, "/dataset")).first;
  }
  return found->second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gradus::fuzz::MemoryFile file({"data_batch_1.bin", "data_batch_2.bin",
                                              "data_batch_3.bin", "data_batch_4.bin",
                                              "data_batch_5.bin", "test_batch.bin"});
  gradus::fuzz::Bytes bytes(data, size);
  const unsigned form = bytes.next();
  const std::int64_t per_file = form < 64 ? form : INT64_MAX >> (form % 64);
  std::string content(bytes.rest());
  // Files of a right size would be too rare.
  if (form < 4) content.resize(3073 * static_cast<std::size_t>(form), '\3');
  file.write(content);
  gradus::fuzz::refusing([&] {
    const auto source = build_of(file.folder(), per_file)();
    static_cast<void>(source->train->get(source->train->size() - 1));
  });
  return 0;
}

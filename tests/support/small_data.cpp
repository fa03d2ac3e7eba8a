#include "tests/support/small_data.h"

#include <zlib.h>

#include <random>

#include "tests/support/temp_dir.h"

namespace gradus::test {
namespace {

// One part: image i has label i % 10, and noise with every tenth pixel, from the label on, bright.
void write_part(const std::filesystem::path& folder, const std::string& part, std::uint32_t count,
                const SmallData& data) {
  std::mt19937 random(count);
  std::string pixels;
  std::string labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t label = i % 10;
    labels += static_cast<char>(label);
    for (std::uint32_t p = 0; p < data.side * data.side; ++p) {
      pixels += static_cast<char>((p % 10 == label ? 180 : 0) + random() % 64);
    }
  }
  write_maybe_gzipped(folder / (part + "-images-idx3-ubyte" + data.ending),
                      idx_bytes({count, data.side, data.side}, pixels));
  write_maybe_gzipped(folder / (part + "-labels-idx1-ubyte" + data.ending),
                      idx_bytes({count}, labels));
}

}  // namespace

std::string idx_bytes(const std::vector<std::uint32_t>& sizes, const std::string& elements,
                      char type) {
  std::string bytes = {0, 0, type, static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift);
  }
  return bytes + elements;
}

void write_maybe_gzipped(const std::filesystem::path& path, const std::string& bytes) {
  if (path.extension() != ".gz") return write_text(path, bytes);
  const gzFile file = ::gzopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + path.string());
  ::gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  ::gzclose(file);
}

void write_small_data(const std::filesystem::path& folder, const SmallData& data) {
  std::filesystem::create_directories(folder);
  write_part(folder, "train", data.train, data);
  write_part(folder, "t10k", data.test, data);
}

}  // namespace gradus::test

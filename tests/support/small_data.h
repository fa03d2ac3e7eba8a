// A data set of a few small images that can be learned, as the four IDX files of MNIST.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::test {

/// The bytes of an IDX file of uint8: [0, 0, type, dims], big-endian sizes, then the elements.
std::string idx_bytes(const std::vector<std::uint32_t>& sizes, const std::string& elements,
                      char type = 8);

/// Writes `bytes`, gzipped when the name ends in ".gz".
void write_maybe_gzipped(const std::filesystem::path& path, const std::string& bytes);

struct SmallData {
  std::uint32_t train = 64;
  std::uint32_t test = 32;
  std::uint32_t side = 8;  ///< images are side x side
  std::string ending = ".gz";
};

/// Its two parts, in a folder that is made: images with one pixel in ten bright, by their label.
void write_small_data(const std::filesystem::path& folder, const SmallData& data = {});

}  // namespace gradus::test

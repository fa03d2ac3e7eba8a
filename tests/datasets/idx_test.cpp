// IDX files: plain and gzipped ones read the same, and unsound ones are refused by name.
#include "datasets/idx.h"
#include <gtest/gtest.h>

#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using test::idx_bytes;
using test::TempDir;

const std::string kElements = {1, 2, 3, 4, 5, static_cast<char>(255)};

// What is said of a file with these bytes; the file's name must be part of it.
std::string refusal(const std::string& bytes, int dims = 2) {
  const TempDir folder;
  test::write_text(folder / "some-idx", bytes);
  std::string message = test::message_of<FileError>([&] { read_idx(folder / "some-idx", dims); });
  EXPECT_NE(message.find("some-idx: "), std::string::npos) << message;
  return message;
}

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

std::string gzipped(const std::string& bytes) {
  const TempDir folder;
  test::write_maybe_gzipped(folder / "file.gz", bytes);
  return test::read_text(folder / "file.gz");
}

TEST(Idx, reads_plain_and_gzipped_files) {
  const TempDir folder;
  for (const char* name : {"plain", "zipped.gz"}) {
    test::write_maybe_gzipped(folder / name, idx_bytes({2, 3}, kElements));
    const Tensor found = read_idx(folder / name, 2);
    EXPECT_EQ(found.dtype(), kUInt8);
    EXPECT_EQ(found.sizes(), (Shape{2, 3}));
    EXPECT_EQ(found.to_vector<int>(), (std::vector<int>{1, 2, 3, 4, 5, 255}));
  }
}

TEST(Idx, reads_a_file_of_no_elements) {
  const TempDir folder;
  test::write_text(folder / "empty", idx_bytes({0, 28, 28}, ""));
  EXPECT_EQ(read_idx(folder / "empty", 3).sizes(), (Shape{0, 28, 28}));
}

TEST(Idx, refuses_wrong_magic_types_and_ranks) {
  std::string wrong = idx_bytes({6}, kElements);
  wrong[0] = 1;
  EXPECT_TRUE(says(refusal(wrong, 1), "wrong magic number"));
  EXPECT_TRUE(says(refusal(idx_bytes({6}, kElements, 0x0D), 1), "wrong magic number"));
  EXPECT_TRUE(says(refusal("<html><body>not found</body></html>"), "wrong magic number"));
  EXPECT_TRUE(says(refusal(idx_bytes({6}, kElements), 3), "it has 1 dims, expected 3"));
}

TEST(Idx, refuses_every_truncation) {
  const std::string whole = idx_bytes({2, 3}, kElements);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(says(refusal(whole.substr(0, length)), "it ends within the ")) << length;
  }
  const std::string zipped = gzipped(whole);
  for (std::size_t length = 0; length < zipped.size(); ++length) {
    EXPECT_TRUE(says(refusal(zipped.substr(0, length)), "no sound IDX file")) << length;
  }
}

TEST(Idx, refuses_bytes_behind_the_end) {
  EXPECT_TRUE(says(refusal(idx_bytes({2, 3}, kElements + "x")), "bytes behind its 6 elements"));
  EXPECT_TRUE(says(refusal(gzipped(idx_bytes({2, 3}, kElements + "x"))), "bytes behind"));
}

TEST(Idx, refuses_sizes_that_the_file_cannot_hold) {
  const std::uint32_t most = UINT32_MAX;
  EXPECT_TRUE(says(refusal(idx_bytes({most, most}, "")), "more than the file can hold"));
  EXPECT_TRUE(says(refusal(idx_bytes({most, most, most}, ""), 3), "more than the file can hold"));
  EXPECT_TRUE(says(refusal(idx_bytes({1 << 30, 1}, "")), "more than the file can hold"));
  EXPECT_TRUE(says(refusal(idx_bytes({0, most, most}, ""), 3), "more than the file can hold"));
}

TEST(Idx, never_takes_changed_gzip_data_for_true) {
  const std::string zipped = gzipped(idx_bytes({2, 3}, kElements));
  const TempDir folder;
  for (std::size_t i = 0; i < zipped.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = zipped;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      test::write_text(folder / "file", flipped);
      try {
        EXPECT_EQ(read_idx(folder / "file", 2).to_vector<int>(),
                  (std::vector<int>{1, 2, 3, 4, 5, 255}));  // the date in its header may change
      } catch (const FileError&) {
      }
    }
  }
}

TEST(Idx, refuses_what_is_no_file) {
  const TempDir folder;
  EXPECT_TRUE(says(test::message_of<FileError>([&] { read_idx(folder / "none", 1); }), "none"));
  EXPECT_THROW(read_idx(folder.path(), 1), FileError);
}

}  // namespace
}  // namespace gradus::data

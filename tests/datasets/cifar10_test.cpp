// cifar10: what the six files become, and which files are refused.
#include <gtest/gtest.h>
#include "framework/train/dataset.h"

#include "tests/support/json.h"
#include "tests/support/npy_file.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

constexpr std::size_t kRecord = 3073;

// The byte of an image at a colour, row and column.
int pixel(int image, int colour, int row, int column) {
  return (7 * image + 50 * colour + 3 * row + column) % 256;
}

// Images `first`, `first` + 1, ... with their numbers as labels.
std::string records(int first, int count) {
  std::string bytes;
  for (int image = first; image < first + count; ++image) {
    bytes += static_cast<char>(image % 10);
    for (int colour = 0; colour < 3; ++colour) {
      for (int row = 0; row < 32; ++row) {
        for (int column = 0; column < 32; ++column) {
          bytes += static_cast<char>(pixel(image, colour, row, column));
        }
      }
    }
  }
  return bytes;
}

class Cifar10 : public testing::Test {
 protected:
  Cifar10() {
    for (int i = 0; i < 5; ++i) {
      test::write_text(folder_ / ("data_batch_" + std::to_string(i + 1) + ".bin"),
                       records(3 * i, 3));
    }
    test::write_text(folder_ / "test_batch.bin", records(100, 3));
  }
  std::shared_ptr<DataSource> load(const Json& options = Json::object()) const {
    Json json = {{"type", "cifar10"}, {"path", folder_.path().string()}, {"per_file", 3}};
    json.update(options);
    return datasets().make(json);
  }
  std::string refusal(const Json& options = Json::object()) const {
    return test::message_of<Error>([&] { load(options); });
  }

  test::TempDir folder_;
};

TEST_F(Cifar10, gives_both_parts_with_each_colour_normalised) {
  const auto source = load({{"mean", {0.5, 0.25, 0}}, {"std", {0.5, 0.25, 1}}});
  EXPECT_EQ(source->train->size(), 15);
  EXPECT_EQ(source->test->size(), 3);
  EXPECT_EQ(source->input_shape, (Shape{3, 32, 32}));
  EXPECT_EQ(source->outputs, 10);
  EXPECT_EQ(source->classes[6], "frog");
  const double mean[] = {0.5, 0.25, 0};
  const double std[] = {0.5, 0.25, 1};
  for (const int image : {0, 2, 7, 14}) {
    const Example example = source->train->get(image);
    EXPECT_EQ(example.target.item<int>(), image % 10);
    EXPECT_EQ(example.input.sizes(), (Shape{3, 32, 32}));
    const auto values = example.input.to_vector<double>();
    for (int colour = 0; colour < 3; ++colour) {
      for (const auto& [row, column] : {std::pair(0, 0), std::pair(31, 5), std::pair(9, 31)}) {
        const auto at = static_cast<std::size_t>((colour * 32 + row) * 32 + column);
        EXPECT_NEAR(values[at],
                    (pixel(image, colour, row, column) / 255.0 - mean[colour]) / std[colour], 1e-6);
      }
    }
  }
  EXPECT_EQ(source->test->get(1).target.item<int>(), 1);
  EXPECT_EQ(load({{"limit", 4}})->train->size(), 4);
}

TEST_F(Cifar10, refuses_missing_files_and_wrong_sizes) {
  EXPECT_EQ(refusal({{"per_file", 10000}}),
            (folder_ / "data_batch_1.bin").string() +
                ": 9219 bytes, expected 30730000: 10000 records of 3073");
  EXPECT_EQ(refusal({{"per_file", INT64_MAX}}),
            "/per_file: 9223372036854775807 is out of range: must be >= 1 and <= 1e+06");
  test::write_text(folder_ / "data_batch_3.bin", records(0, 3).substr(1));
  EXPECT_NE(refusal().find("data_batch_3.bin: 9218 bytes, expected 9219"), std::string::npos);
  std::filesystem::remove(folder_ / "data_batch_3.bin");
  EXPECT_EQ(refusal(), "/dataset/path: there is no data_batch_3.bin in \"" +
                           folder_.path().string() +
                           "\"; give the folder of the binary version with --set dataset.path=...");
}

TEST_F(Cifar10, refuses_labels_that_are_none) {
  std::string bytes = records(0, 3);
  bytes[2 * kRecord] = 10;
  test::write_text(folder_ / "test_batch.bin", bytes);
  EXPECT_NE(refusal().find("test_batch.bin: label 10 at 2 is outside [0, 10)"), std::string::npos);
}

TEST_F(Cifar10, reads_new_images_as_its_own) {
  const auto source = load({{"mean", {0.5, 0.25, 0}}, {"std", {0.5, 0.25, 1}}});
  std::string pixels;
  for (int image = 100; image < 103; ++image) pixels += records(image, 1).substr(1);
  test::write_text(folder_ / "new.npy", test::npy_array("|u1", "(3, 3, 32, 32)", pixels));
  test::write_text(folder_ / "new", test::idx_bytes({3, 3, 32, 32}, pixels));
  test::write_text(folder_ / "one.npy",
                   test::npy_array("|u1", "(3, 32, 32)", pixels.substr(3072, 3072)));
  const std::int64_t all[] = {0, 1, 2};
  const auto expected = source->test->get_batch(all).input.to_vector<float>();
  EXPECT_EQ(source->reader->read(folder_ / "new.npy").to_vector<float>(), expected);
  EXPECT_EQ(source->reader->read(folder_ / "new").to_vector<float>(), expected);
  const Tensor one = source->reader->read(folder_ / "one.npy");
  EXPECT_EQ(one.sizes(), (Shape{1, 3, 32, 32}));
  EXPECT_EQ(one.to_vector<float>(), source->test->get(1).input.to_vector<float>());
  test::write_text(folder_ / "grey", test::idx_bytes({1, 32, 32}, std::string(1024, 'x')));
  const std::string said =
      test::message_of<FileError>([&] { source->reader->read(folder_ / "grey"); });
  EXPECT_TRUE(
      said.ends_with("grey: has shape [1, 32, 32], expected images [channels, height, "
                     "width] of [3, 32, 32], as those to train on are"))
      << said;
}

TEST_F(Cifar10, refuses_colours_that_are_not_three) {
  EXPECT_EQ(refusal({{"mean", {0.5, 0.5}}}), "/mean: expected three numbers");
  EXPECT_EQ(refusal({{"std", {1, 1, 0}}}), "/std/2: 0 is out of range: must be > 0");
}

}  // namespace
}  // namespace gradus::data

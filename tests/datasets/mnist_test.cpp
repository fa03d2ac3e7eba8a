// mnist and fashion_mnist: what the four files become, and which files are refused.
#include <gtest/gtest.h>
#include "framework/train/dataset.h"

#include <numeric>

#include "tests/support/json.h"
#include "tests/support/small_data.h"
#include "tests/support/temp_dir.h"

namespace gradus::data {
namespace {

using test::SmallData;
using test::TempDir;

const std::filesystem::path kFashionMnist = "/usr/share/datasets/fashion-mnist";

std::shared_ptr<DataSource> load(const std::filesystem::path& folder, Json options = {}) {
  Json config = {{"type", "mnist"}, {"path", folder.string()}};
  if (options.is_object()) config.update(options);
  return datasets().make(config);
}

// What is said of the small data with one file replaced.
template <class Error>
std::string refusal(const std::string& file, const std::string& bytes) {
  const TempDir folder;
  test::write_small_data(folder.path());
  test::write_maybe_gzipped(folder / file, bytes);
  const std::string message = test::message_of<Error>([&] { load(folder.path()); });
  EXPECT_NE(message.find(file), std::string::npos) << message;
  return message;
}

TEST(Mnist, gives_both_parts_and_what_a_model_must_know) {
  const TempDir folder;
  test::write_small_data(folder.path(), {.train = 20, .test = 10, .side = 6});
  for (const char* name : {"mnist", "fashion_mnist"}) {
    const auto source = datasets().make({{"type", name}, {"path", folder.path().string()}});
    EXPECT_EQ(source->train->size(), 20);
    EXPECT_EQ(source->test->size(), 10);
    EXPECT_EQ(source->input_shape, (Shape{1, 6, 6}));
    EXPECT_EQ(source->outputs, 10);
  }
}

TEST(Mnist, normalises_pixels_and_keeps_labels) {
  const TempDir folder;
  const std::string pixels = {0, static_cast<char>(255), 51, 102};
  for (const char* part : {"train", "t10k"}) {
    const std::string name = std::string(part) + "-images-idx3-ubyte";
    test::write_text(folder / name, test::idx_bytes({1, 2, 2}, pixels));
    test::write_text(folder / (std::string(part) + "-labels-idx1-ubyte"),
                     test::idx_bytes({1}, "\7"));
  }
  const auto source = load(folder.path(), {{"mean", 0.5}, {"std", 0.25}});
  const Example example = source->train->get(0);
  EXPECT_EQ(example.input.sizes(), (Shape{1, 2, 2}));
  EXPECT_EQ(example.input.dtype(), kFloat32);
  const std::vector<float> expected = {-2, 2, -1.2F, -0.4F};
  const auto found = example.input.to_vector<float>();
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6);
  EXPECT_EQ(example.target.sizes(), Shape{});
  EXPECT_EQ(example.target.dtype(), kInt64);
  EXPECT_EQ(example.target.item<int>(), 7);
}

TEST(Mnist, batches_are_examples_in_a_row) {
  const TempDir folder;
  test::write_small_data(folder.path());
  const auto train = load(folder.path())->train;
  const std::int64_t indices[] = {5, 3, 5};
  const Example batch = train->get_batch(indices);
  const Example apart = train->Dataset::get_batch(indices);  // by get() alone
  EXPECT_EQ(batch.input.sizes(), (Shape{3, 1, 8, 8}));
  EXPECT_EQ(batch.input.to_vector<float>(), apart.input.to_vector<float>());
  EXPECT_EQ(batch.target.to_vector<int>(), (std::vector<int>{5, 3, 5}));
  const std::int64_t outside[] = {64};
  EXPECT_THROW((void)train->get_batch(outside), ValueError);
  EXPECT_THROW((void)train->get(-1), ValueError);
}

TEST(Mnist, plain_files_do_as_well) {
  const TempDir zipped;
  const TempDir plain;
  test::write_small_data(zipped.path());
  test::write_small_data(plain.path(), {.ending = ""});
  EXPECT_EQ(load(plain.path())->test->get(9).input.to_vector<float>(),
            load(zipped.path())->test->get(9).input.to_vector<float>());
}

TEST(Mnist, limit_takes_the_first_of_each_part) {
  const TempDir folder;
  test::write_small_data(folder.path());
  const auto source = load(folder.path(), {{"limit", 40}});
  EXPECT_EQ(source->train->size(), 40);
  EXPECT_EQ(source->test->size(), 32);
  EXPECT_THROW((void)source->train->get(40), ValueError);
}

TEST(Mnist, missing_files_are_named_with_what_would_help) {
  const TempDir folder;
  EXPECT_EQ(test::message_of<ConfigError>([&] { load(folder.path()); }),
            "/dataset/path: there is no train-images-idx3-ubyte.gz (or train-images-idx3-ubyte) "
            "in \"" +
                folder.path().string() + "\"; give the folder with --set dataset.path=...");
  test::write_small_data(folder.path());
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte.gz");
  EXPECT_NE(test::message_of<ConfigError>([&] { load(folder.path()); }).find("t10k-labels"),
            std::string::npos);
}

TEST(Mnist, unsound_files_are_refused_by_name) {
  const std::string labels(64, '\1');
  refusal<FileError>("train-images-idx3-ubyte.gz", "rubbish");
  refusal<FileError>("train-labels-idx1-ubyte.gz", test::idx_bytes({64}, labels.substr(1)));
  refusal<FileError>("t10k-labels-idx1-ubyte.gz", test::idx_bytes({32, 1}, labels.substr(32)));
  EXPECT_NE(
      refusal<FileError>("train-labels-idx1-ubyte.gz", test::idx_bytes({63}, labels.substr(1)))
          .find("holds 64 images"),
      std::string::npos);
  EXPECT_NE(refusal<FileError>("train-labels-idx1-ubyte.gz",
                               test::idx_bytes({64}, labels.substr(1) + '\12'))
                .find("label 10 at 63 is outside [0, 10)"),
            std::string::npos);
  EXPECT_NE(refusal<FileError>("t10k-images-idx3-ubyte.gz",
                               test::idx_bytes({32, 4, 4}, std::string(512, '\0')))
                .find("images [1, 4, 4], but those to train on are [1, 8, 8]"),
            std::string::npos);
}

TEST(Mnist, empty_parts_are_refused) {
  const TempDir folder;
  for (const SmallData& data : {SmallData{.train = 0}, SmallData{.test = 0}}) {
    test::write_small_data(folder.path(), data);
    EXPECT_THROW(load(folder.path()), ConfigError);
  }
}

TEST(FashionMnist, is_normalised_by_default) {
  ASSERT_TRUE(std::filesystem::exists(kFashionMnist)) << "install dataset-fashion-mnist";
  const auto source = datasets().make({{"type", "fashion_mnist"}});
  EXPECT_EQ(source->train->size(), 60000);
  EXPECT_EQ(source->test->size(), 10000);
  EXPECT_EQ(source->input_shape, (Shape{1, 28, 28}));
  std::vector<std::int64_t> some(2000);
  std::iota(some.begin(), some.end(), 0);
  const Tensor pixels = source->train->get_batch(some).input;
  const auto mean = pixels.mean().item<double>();
  EXPECT_NEAR(mean, 0, 0.05);
  EXPECT_NEAR(pixels.pow(2).mean().item<double>() - mean * mean, 1, 0.05);
}

}  // namespace
}  // namespace gradus::data

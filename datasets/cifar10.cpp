// cifar10: 50,000 training and 10,000 test images of 32 x 32 in three colours and ten classes, from
// the six files of the binary version: data_batch_1.bin to data_batch_5.bin and test_batch.bin. A
// file is a row of records: a label, then 1024 bytes each of red, green and blue.
#include "datasets/image_input.h"
#include "datasets/images.h"
#include "framework/train/file.h"

#include <algorithm>
#include <utility>

namespace gradus::data {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kSide = 32;
constexpr std::int64_t kPixels = 3 * kSide * kSide;
constexpr std::int64_t kRecord = 1 + kPixels;

struct CifarOptions {
  std::string path = "data/cifar-10-batches-bin";
  std::vector<double> mean = {0.4914, 0.4822, 0.4465};
  std::vector<double> std = {0.2470, 0.2435, 0.2616};
  std::int64_t per_file = 10000;
  std::int64_t limit = 0;

  void describe(OptionReader& o) {
    o("path", path, "folder of the six .bin files");
    o("mean", mean, "of each colour, subtracted from pixels in [0, 1]");
    o("std", std, "of each colour, what they are divided by afterwards", {.above = 0});
    o("per_file", per_file, "how many images each file must hold", {.min = 1, .max = 1'000'000});
    o("limit", limit, "use only the first examples of each part; 0: all", {.min = 0});
    check_colours(mean, o.path() + "/mean");
    check_colours(std, o.path() + "/std");
  }

 private:
  static void check_colours(const std::vector<double>& list, const std::string& path) {
    if (list.size() != 3) throw ConfigError(path, "expected three numbers");
  }
};

PixelScale scale_of(const CifarOptions& options) {
  return {{options.mean.begin(), options.mean.end()}, {options.std.begin(), options.std.end()}};
}

// Before memory is taken for what is in them.
void check_files(const CifarOptions& options, const std::vector<std::string>& names) {
  const std::int64_t expected = options.per_file * kRecord;
  for (const std::string& name : names) {
    const std::filesystem::path path = std::filesystem::path(options.path) / name;
    if (!std::filesystem::exists(path)) {
      throw ConfigError("/dataset/path", "there is no " + name + " in \"" + options.path +
                                             "\"; give the folder of the binary version with --set "
                                             "dataset.path=...");
    }
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error) throw FileError("cannot read " + path.string() + ": " + error.message());
    if (std::cmp_equal(bytes, expected)) continue;
    throw FileError(path.string() + ": " + std::to_string(bytes) + " bytes, expected " +
                    std::to_string(expected) + ": " + std::to_string(options.per_file) +
                    " records of " + std::to_string(kRecord));
  }
}

DatasetPtr read_part(const CifarOptions& options, const std::vector<std::string>& names) {
  check_files(options, names);
  const std::int64_t count = options.per_file * static_cast<std::int64_t>(names.size());
  const Tensor images({count, 3, kSide, kSide}, kUInt8);
  const Tensor labels({count}, kUInt8);
  auto* pixels = images.data_ptr<std::uint8_t>();
  auto* label = labels.data_ptr<std::uint8_t>();
  for (const std::string& name : names) {
    const std::filesystem::path path = std::filesystem::path(options.path) / name;
    const std::string bytes = read_file(path);
    if (!std::cmp_equal(bytes.size(), options.per_file * kRecord)) {
      throw FileError(path.string() + " was changed while it was read");
    }
    for (std::int64_t i = 0; i < options.per_file; ++i) {
      const char* record = bytes.data() + i * kRecord;
      *label++ = static_cast<std::uint8_t>(*record);
      pixels = std::copy_n(record + 1, kPixels, pixels);
    }
    check_labels(labels.slice(0, label - options.per_file - labels.data_ptr<std::uint8_t>(),
                              label - labels.data_ptr<std::uint8_t>()),
                 kClasses, path);
  }
  const auto all = std::make_shared<ImageDataset>(images, labels, scale_of(options));
  return options.limit == 0 ? all : Subset::first(all, options.limit);
}

std::shared_ptr<DataSource> load(const CifarOptions& options) {
  std::vector<std::string> train;
  for (int i = 1; i <= 5; ++i) train.push_back("data_batch_" + std::to_string(i) + ".bin");
  DataSource source{.train = read_part(options, train),
                    .test = read_part(options, {"test_batch.bin"}),
                    .input_shape = {3, kSide, kSide},
                    .outputs = kClasses};
  source.classes = {"airplane", "automobile", "bird",  "cat",  "deer",
                    "dog",      "frog",       "horse", "ship", "truck"};
  source.reader = image_reader(source.input_shape, scale_of(options));
  return std::make_shared<DataSource>(std::move(source));
}

const bool kRegistered = datasets().add<CifarOptions>(
    "cifar10", "32 x 32 images of animals and vehicles, ten classes", load);

}  // namespace
}  // namespace gradus::data

// image_folder: PNG and JPEG files, a folder for each class:
//
//   PATH/train/CLASS/*.png, PATH/test/CLASS/*.png     or     PATH/CLASS/*.png
//
// In the second form the test part is drawn from the images. Classes are numbered in the order of
// their names (by bytes). All images are decoded once, on all threads, when the data set is made,
// and stay uint8 in memory: channels * height * width bytes each. What is read: see image_file.h.
#include "datasets/image_file.h"
#include "datasets/image_input.h"
#include "datasets/images.h"
#include "datasets/split.h"
#include "framework/tensor/creation.h"

#include <algorithm>

namespace gradus::data {
namespace {

namespace fs = std::filesystem;

struct FolderOptions {
  std::string path;
  std::int64_t channels = 3;
  std::vector<std::int64_t> size;
  std::vector<double> mean = {0.5};
  std::vector<double> std = {0.5};
  double test_ratio = 0.2;
  bool stratify = false;
  std::int64_t seed = 0;

  void describe(OptionReader& o) {
    o.required()(
        "path", path,
        "the folder of the classes' folders, or of \"train\" and \"test\" which hold them");
    o("channels", channels, "1: gray; 3: red, green, blue; files become what is asked for",
      {.min = 1, .max = 3});
    o("size", size,
      "[height, width] that images are resized to (bilinear, antialiased); empty: all must have "
      "one size",
      {.min = 1, .max = 1 << 13});
    o("mean", mean, "a number for each channel, or one for all, subtracted from pixels in [0, 1]");
    o("std", std, "what pixels are divided by afterwards, likewise", {.above = 0});
    o("test_ratio", test_ratio, "the share of the test part where there is no folder \"test\"",
      {.above = 0, .below = 1});
    o("stratify", stratify, "whether each class gives the same share");
    o("seed", seed, "of the choice of those images", {.min = 0});
    if (channels == 2) throw ConfigError(o.path() + "/channels", "must be 1 or 3, got 2");
    if (!size.empty() && size.size() != 2) {
      throw ConfigError(o.path() + "/size", "expected [height, width], or []");
    }
    check(mean, o.path() + "/mean");
    check(std, o.path() + "/std");
  }

  [[nodiscard]] Shape shape() const { return size.empty() ? Shape{} : Shape{size[0], size[1]}; }
  [[nodiscard]] PixelScale scale() const { return {of_channels(mean), of_channels(std)}; }

 private:
  void check(const std::vector<double>& list, const std::string& at) const {
    if (list.size() == 1 || static_cast<std::int64_t>(list.size()) == channels) return;
    throw ConfigError(
        at, std::string("expected a list of one number") + (channels == 3 ? ", or of three" : ""));
  }
  [[nodiscard]] std::vector<float> of_channels(const std::vector<double>& list) const {
    std::vector<float> numbers(list.begin(), list.end());
    numbers.resize(static_cast<std::size_t>(channels), numbers.front());
    return numbers;
  }
};

// Files with the numbers of their classes.
struct Files {
  std::vector<fs::path> paths{};
  std::vector<std::int64_t> labels{};
};

std::vector<std::string> classes_of(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& each : entries_of(folder)) {
    if (fs::is_directory(each)) names.push_back(each.filename().string());
  }
  if (!names.empty()) return names;
  throw ConfigError("/dataset/path",
                    "there are no folders of classes in \"" + folder.string() + "\"");
}

// Of the folders in `folder`, which must all be those of `classes`.
Files find_files(const fs::path& folder, const std::vector<std::string>& classes) {
  Files files;
  for (const std::string& name : classes_of(folder)) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) {
      throw ConfigError("/dataset/path", "\"" + (folder / name).string() +
                                             "\" is a class without images to train on" +
                                             suggest(name, classes));
    }
    for (const fs::path& file : entries_of(folder / name)) {
      if (!fs::is_regular_file(file) || !has_image_ending(file)) {
        throw ConfigError("/dataset/path", "\"" + file.string() +
                                               "\" is no .png, .jpg or .jpeg file, as all within "
                                               "the folder of a class must be");
      }
      files.paths.push_back(file);
      files.labels.push_back(found - classes.begin());
    }
  }
  return files;
}

void check_each_class_has_images(const Files& files, const std::vector<std::string>& classes,
                                 const fs::path& folder) {
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto label = static_cast<std::int64_t>(c);
    if (std::find(files.labels.begin(), files.labels.end(), label) != files.labels.end()) continue;
    throw ConfigError("/dataset/path", "there are no images in \"" +
                                           (folder / classes[c]).string() +
                                           "\"; add some, or take the folder away");
  }
}

DatasetPtr read_part(const Files& files, const FolderOptions& options, const fs::path& folder) {
  if (files.paths.empty()) {
    throw ConfigError("/dataset/path", "there are no images in \"" + folder.string() + "\"");
  }
  return std::make_shared<ImageDataset>(
      read_image_files(files.paths, options.channels, options.shape()), tensor(files.labels),
      options.scale());
}

void check_test_images(const DataSource& source, const fs::path& folder) {
  const Shape test_shape = source.test->get(0).input.sizes();
  if (test_shape == source.input_shape) return;
  throw FileError(folder.string() + ": images " + to_string(test_shape) +
                  ", but those to train on are " + to_string(source.input_shape) +
                  "; set \"size\" to resize them");
}

std::shared_ptr<DataSource> load(const FolderOptions& options) {
  const fs::path folder = options.path;
  const fs::path test_folder = folder / "test";
  const bool has_test = fs::is_directory(folder / "train") && fs::is_directory(test_folder);
  const fs::path train_folder = has_test ? folder / "train" : folder;
  if (!fs::is_directory(folder)) {
    throw ConfigError("/dataset/path", "\"" + options.path + "\" is no folder");
  }
  DataSource source;
  source.classes = classes_of(train_folder);
  source.outputs = std::ssize(source.classes);
  const Files files = find_files(train_folder, source.classes);
  check_each_class_has_images(files, source.classes, train_folder);
  source.train = read_part(files, options, train_folder);
  source.input_shape = source.train->get(0).input.sizes();
  if (has_test) {
    source.test = read_part(find_files(test_folder, source.classes), options, test_folder);
    check_test_images(source, test_folder);
  } else {
    const auto seed = static_cast<std::uint64_t>(options.seed);
    Parts parts = options.stratify
                      ? split_stratified(files.labels, source.classes, options.test_ratio, seed)
                      : split_rows(source.train->size(), options.test_ratio, seed);
    source.test = std::make_shared<Subset>(source.train, std::move(parts.test));
    source.train = std::make_shared<Subset>(source.train, std::move(parts.train));
  }
  source.reader = image_reader(source.input_shape, options.scale(), !options.size.empty());
  return std::make_shared<DataSource>(std::move(source));
}

const bool kRegistered = datasets().add<FolderOptions>(
    "image_folder", "PNG and JPEG files in a folder for each class", load);

}  // namespace
}  // namespace gradus::data

// fashion_mnist and mnist: 60,000 training and 10,000 test images of 28 x 28 in ten classes, from
// four IDX files, gzipped or not. The images stay uint8 in memory; a batch is normalised as it is
// made: (pixel / 255 - mean) / std.
#include "datasets/idx.h"
#include "datasets/image_input.h"
#include "datasets/images.h"

namespace gradus::data {
namespace {

constexpr std::int64_t kClasses = 10;

struct ImageOptions {
  std::string path;
  double mean;
  double std;
  std::int64_t limit = 0;

  void describe(OptionReader& o) {
    o("path", path, "folder of the four IDX files, gzipped or not");
    o("mean", mean, "subtracted from pixels in [0, 1]");
    o("std", std, "what pixels are divided by afterwards", {.above = 0});
    o("limit", limit, "use only the first examples of each part; 0: all", {.min = 0});
  }
};

// Debian's dataset-fashion-mnist; mean and standard deviation of its training images.
struct FashionMnistOptions : ImageOptions {
  FashionMnistOptions() : ImageOptions{"/usr/share/datasets/fashion-mnist", 0.2860, 0.3530} {}
  static std::vector<std::string> classes() {
    return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  }
};

struct MnistOptions : ImageOptions {
  MnistOptions() : ImageOptions{"/usr/share/datasets/mnist", 0.1307, 0.3081} {}
  static std::vector<std::string> classes() {
    return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  }
};

PixelScale scale_of(const ImageOptions& options) {
  return {{static_cast<float>(options.mean)}, {static_cast<float>(options.std)}};
}

// "name" or "name.gz" in the folder, whichever is there.
std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& name) {
  for (const char* ending : {".gz", ""}) {
    std::filesystem::path path = folder / (name + ending);
    if (std::filesystem::exists(path)) return path;
  }
  throw ConfigError("/dataset/path", "there is no " + name + ".gz (or " + name + ") in \"" +
                                         folder.string() +
                                         "\"; give the folder with --set dataset.path=...");
}

DatasetPtr read_part(const ImageOptions& options, const std::string& part) {
  const std::filesystem::path images_path = find_file(options.path, part + "-images-idx3-ubyte");
  const std::filesystem::path labels_path = find_file(options.path, part + "-labels-idx1-ubyte");
  const Tensor images = read_idx(images_path, 3);
  const Tensor labels = read_idx(labels_path, 1);
  if (images.size(0) != labels.size(0)) {
    throw FileError(images_path.string() + " holds " + std::to_string(images.size(0)) +
                    " images, " + labels_path.string() + " " + std::to_string(labels.size(0)) +
                    " labels");
  }
  check_labels(labels, kClasses, labels_path);
  const auto all = std::make_shared<ImageDataset>(
      images.reshape({images.size(0), 1, images.size(1), images.size(2)}), labels,
      scale_of(options));
  return options.limit == 0 ? all : Subset::first(all, options.limit);
}

template <class Options>
std::shared_ptr<DataSource> load(const Options& options) {
  DataSource source{read_part(options, "train"), read_part(options, "t10k"), {}, kClasses};
  if (source.train->size() == 0) throw ConfigError("/dataset", "the training part is empty");
  if (source.test->size() == 0) throw ConfigError("/dataset", "the test part is empty");
  source.input_shape = source.train->get(0).input.sizes();
  const Shape test_shape = source.test->get(0).input.sizes();
  if (!(test_shape == source.input_shape)) {
    throw FileError(find_file(options.path, "t10k-images-idx3-ubyte").string() + ": images " +
                    to_string(test_shape) + ", but those to train on are " +
                    to_string(source.input_shape));
  }
  source.classes = Options::classes();
  source.reader = image_reader(source.input_shape, scale_of(options));
  return std::make_shared<DataSource>(std::move(source));
}

const bool kRegistered[] = {
    datasets().add<FashionMnistOptions>("fashion_mnist", "28 x 28 images of clothing, ten classes",
                                        load<FashionMnistOptions>),
    datasets().add<MnistOptions>("mnist", "28 x 28 images of handwritten digits",
                                 load<MnistOptions>),
};

}  // namespace
}  // namespace gradus::data

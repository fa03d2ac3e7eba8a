// text: the characters of a file, to predict each from those before it. An example is a stretch of
// `length` characters, as their numbers in the alphabet, int64; its targets are the characters one
// place further on. The test part is the end of the text. Characters are Unicode code points; the
// alphabet is those of the whole text in ascending order, which DataSource::classes names.
#include "framework/train/characters.h"
#include "framework/train/dataset.h"
#include "framework/train/file.h"

#include <algorithm>

namespace gradus::data {
namespace {

struct TextOptions {
  std::string path = "/usr/share/common-licenses/GPL-3";
  std::int64_t length = 64;
  std::int64_t stride = 0;
  double test_ratio = 0.1;

  void describe(OptionReader& o) {
    o("path", path, "the file, in UTF-8; by default a text that every Debian system has");
    o("length", length, "characters of an example", {.min = 1});
    o("stride", stride,
      "from one training example to the next, in characters; 0: as long as an example", {.min = 0});
    o("test_ratio", test_ratio, "the share of the text, at its end, for the test part",
      {.above = 0, .below = 1});
  }
  [[nodiscard]] std::int64_t step() const { return stride == 0 ? length : stride; }
};

// Stretches of a text, each with the stretch that begins one place later.
class Stretches : public Dataset {
 public:
  Stretches(std::vector<std::int64_t> text, std::int64_t length, std::int64_t step)
      : text_(std::move(text)), length_(length), step_(step) {}

  [[nodiscard]] std::int64_t size() const override {
    const auto last = static_cast<std::int64_t>(text_.size()) - length_ - 1;
    return last < 0 ? 0 : last / step_ + 1;
  }
  [[nodiscard]] Example get(std::int64_t i) const override {
    const std::int64_t rows[] = {i};
    const Example batch = get_batch(rows);
    return {batch.input.select(0, 0), batch.target.select(0, 0)};
  }
  [[nodiscard]] Example get_batch(std::span<const std::int64_t> indices) const override {
    const Shape sizes = {static_cast<std::int64_t>(indices.size()), length_};
    Example batch{Tensor(sizes, kInt64), Tensor(sizes, kInt64)};
    auto* input = batch.input.data_ptr<std::int64_t>();
    auto* target = batch.target.data_ptr<std::int64_t>();
    for (const std::int64_t i : indices) {
      if (i < 0 || i >= size()) {
        throw ValueError("example " + std::to_string(i) + " of a data set of " +
                         std::to_string(size()));
      }
      const std::int64_t* from = text_.data() + i * step_;
      input = std::copy_n(from, length_, input);
      target = std::copy_n(from + 1, length_, target);
    }
    return batch;
  }

 private:
  std::vector<std::int64_t> text_;
  std::int64_t length_;
  std::int64_t step_;
};

// A text in stretches of `length` one behind the other; the last one ends where the text does, and
// overlaps the one before where that is needed.
class TextReader : public InputReader {
 public:
  TextReader(std::vector<std::string> alphabet, std::int64_t length)
      : alphabet_(std::move(alphabet)), length_(length) {}
  [[nodiscard]] Tensor read(const std::filesystem::path& path) const override {
    const std::vector<std::int64_t> text = tokens_of(read_file(path), alphabet_, path.string());
    const auto size = static_cast<std::int64_t>(text.size());
    if (size < length_) {
      throw FileError(path.string() + ": " + std::to_string(size) + " characters, fewer than the " +
                      std::to_string(length_) + " of an example");
    }
    const std::int64_t count = (size + length_ - 1) / length_;
    Tensor inputs({count, length_}, kInt64);
    auto* to = inputs.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      to = std::copy_n(text.begin() + std::min(i * length_, size - length_), length_, to);
    }
    return inputs;
  }

 private:
  std::vector<std::string> alphabet_;
  std::int64_t length_;
};

std::shared_ptr<DataSource> make(const TextOptions& options) {
  const std::vector<std::string> text = characters_of(read_file(options.path), options.path);
  std::vector<std::string> alphabet = text;  // in the order of bytes, which is that of code points
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
  const std::vector<std::int64_t> numbers = tokens_of(text, alphabet, options.path);
  const auto whole = static_cast<double>(numbers.size());
  const auto cut = static_cast<std::ptrdiff_t>(whole * (1 - options.test_ratio));
  auto train = std::make_shared<Stretches>(std::vector(numbers.begin(), numbers.begin() + cut),
                                           options.length, options.step());
  auto test = std::make_shared<Stretches>(std::vector(numbers.begin() + cut, numbers.end()),
                                          options.length, options.length);
  if (train->size() == 0 || test->size() == 0) {
    throw ConfigError("/dataset/length",
                      options.path + " has " + std::to_string(numbers.size()) +
                          " characters: too few for a training and a test example of " +
                          std::to_string(options.length));
  }
  DataSource source{.train = std::move(train),
                    .test = std::move(test),
                    .input_shape = {options.length},
                    .outputs = static_cast<std::int64_t>(alphabet.size())};
  source.reader = std::make_shared<TextReader>(alphabet, options.length);
  source.classes = std::move(alphabet);
  return std::make_shared<DataSource>(std::move(source));
}

const bool kRegistered = datasets().add<TextOptions>(
    "text", "the characters of a text, to predict each from those before it", make);

}  // namespace
}  // namespace gradus::data

// text: the characters of a file, to predict each from those before it. An example is a stretch of
// `length` characters, as their numbers in the alphabet, int64; its targets are the characters one
// place further on. The test part is the end of the text. Characters are Unicode code points; the
// alphabet is those of the whole text in ascending order, which DataSource::classes names.
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

// The length of the character that begins here; 0 for what is no UTF-8.
std::size_t character_length(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || rest.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

std::vector<std::string> characters_of(std::string_view text, const std::string& path) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size(); at += result.back().size()) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) {
      throw FileError(path + ": byte " + std::to_string(at) + " begins no character of UTF-8");
    }
    result.emplace_back(text.substr(at, length));
  }
  return result;
}

std::shared_ptr<DataSource> make(const TextOptions& options) {
  const std::vector<std::string> text = characters_of(read_file(options.path), options.path);
  std::vector<std::string> alphabet = text;  // in the order of bytes, which is that of code points
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
  std::vector<std::int64_t> numbers;
  for (const std::string& each : text) {
    numbers.push_back(std::lower_bound(alphabet.begin(), alphabet.end(), each) - alphabet.begin());
  }
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
  const auto outputs = static_cast<std::int64_t>(alphabet.size());
  return std::make_shared<DataSource>(DataSource{std::move(train),
                                                 std::move(test),
                                                 {options.length},
                                                 outputs,
                                                 TargetKind::Labels,
                                                 std::move(alphabet)});
}

const bool kRegistered = datasets().add<TextOptions>(
    "text", "the characters of a text, to predict each from those before it", make);

}  // namespace
}  // namespace gradus::data

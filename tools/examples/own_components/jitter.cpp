// A transform: moves each number of an input at random, in the training part only.
#include <gradus/gradus.h>

namespace {

using namespace gradus;

struct JitterOptions {
  double by = 0.05;
  void describe(OptionReader& o) { o("by", by, "the largest move, either way", {.min = 0}); }
};

class Jitter : public data::Transform {
 public:
  explicit Jitter(const JitterOptions& options) : by_(options.by) {}
  void operator()(const data::ImageView& input, data::ExampleRandom& random) const override {
    for (std::int64_t i = 0; i < input.channels * input.pixels(); ++i) {
      input.data[i] += static_cast<float>(by_ * (2 * random.uniform() - 1));
    }
  }
  void check(const Shape& example) const override {
    if (example.numel() <= kMostNumbers) return;
    throw ShapeError("jitter: takes up to " + std::to_string(kMostNumbers) +
                     " numbers, got shape " + to_string(example));
  }

 private:
  static constexpr std::int64_t kMostNumbers = 256;  // that random has for an example
  double by_;
};

const bool kRegistered = data::transforms().add<JitterOptions>(
    "jitter", "moves each number at random",
    [](const JitterOptions& options) { return std::make_shared<Jitter>(options); });

}  // namespace

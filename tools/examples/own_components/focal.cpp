// A loss: the cross-entropy in which examples that are already right count for less, (1 - p)^gamma
// times as much (Lin et al., arXiv:1708.02002).
#include <gradus/gradus.h>

namespace {

using namespace gradus;

struct FocalOptions {
  double gamma = 2;
  void describe(OptionReader& o) {
    o("gamma", gamma, "how much less; 0: the cross-entropy", {.min = 0});
  }
};

class Focal : public nn::Loss {
 public:
  explicit Focal(const FocalOptions& options) : gamma_(options.gamma) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    const Tensor log_p = gather(log_softmax(output, 1), 1, target.unsqueeze(1)).squeeze(1);
    return mean(-pow(1 - exp(log_p), gamma_) * log_p);
  }
  [[nodiscard]] bool is_classification() const override { return true; }
  [[nodiscard]] bool has_probabilities() const override { return true; }
  [[nodiscard]] Tensor predicted(const Tensor& output) const override { return softmax(output, 1); }

 private:
  double gamma_;
};

const bool kRegistered = nn::losses().add<FocalOptions>(
    "focal", "a cross-entropy that looks at hard examples",
    [](const FocalOptions& options) { return std::make_shared<Focal>(options); });

}  // namespace

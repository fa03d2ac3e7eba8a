// Ema: an exponential moving average of a model's weights, which often tests better than they do.
//
//   Ema ema(net->named_parameters(), {.decay = 0.999});
//   for (...) { optimizer.step(); ema.update(); }
//   {
//     const Ema::Scope averaged(ema);
//     evaluate(net);    // with the averaged weights
//   }
//
// Buffers, such as the running statistics of a batch norm, are averages already and stay as they
// are. Thread rules: one thread at a time.
#pragma once

#include "framework/nn/module.h"
#include "framework/nn/options.h"

namespace gradus {

struct EmaOptions {
  double decay = 0.999;
  bool warmup = false;
  void describe(OptionReader& o) {
    o("decay", decay, "the part of the average that stays in a step", {.min = 0, .below = 1});
    o("warmup", warmup, "whether step t has the decay (t + 1) / (t + 10) while that is smaller");
  }
};

class Ema {
 public:
  /// The tensors are shared with the model.
  Ema(nn::StateDict parameters, const EmaOptions& options);

  /// After a step of the optimizer:  average = decay * average + (1 - decay) * weight. The first
  /// one copies the weights, as torch.optim.swa_utils.AveragedModel does.
  void update();
  [[nodiscard]] std::int64_t updates() const { return updates_; }

  /// The averages, under the names of the parameters; empty before the first update.
  [[nodiscard]] const nn::StateDict& averages() const { return averages_; }
  /// Puts the averages in the place of the weights among `state`, by their names; nothing before
  /// the first update.
  void put_averages(nn::StateDict& state) const;
  /// Goes on with the averages after so many updates. Takes those of its parameters from `values`;
  /// throws ValueError, and changes nothing, where one is missing or has another shape.
  void load(const nn::StateDict& values, std::int64_t updates);

  /// While it lives, the model's weights are the averages; before the first update, what they were.
  class Scope {
   public:
    explicit Scope(const Ema& ema);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const Ema& ema_;
    nn::StateDict weights_;
  };

 private:
  nn::StateDict parameters_;
  EmaOptions options_;
  nn::StateDict averages_;
  std::int64_t updates_ = 0;
};

}  // namespace gradus

// Recompute checkpointing: trading compute for memory. (Checkpoints of a training on disk are
// train/checkpoint.h.)
//
//   Tensor y = checkpoint([&](const Tensor& x) { return block(x); }, x);
//
// The function runs once forward and records its graph as usual, but the values that the gradients
// need are dropped; the first of them that the backward pass asks for has the function run again,
// which brings them all back. Gradients of any order, hooks and grad() work as without it.
//
// The second run sees the inputs, the modes (autocast among them) and the random numbers of the
// first, and every value that it brings back is compared with the first one's checksum: a function
// that computes anything else (because something it reads was changed meanwhile) is a StateError,
// not a wrong gradient. Thread rules: as for the ops within.
#pragma once

#include "framework/autograd/grad_mode.h"
#include "framework/autograd/saved_tensor.h"
#include "framework/tensor/generator.h"

#include <functional>
#include <mutex>
#include <vector>

namespace gradus {
namespace autograd {

/// One checkpointed call: what it takes to run it again, and the values that the next readers take.
class Recompute final : public RefCounted {
 public:
  using Function = std::function<void(std::span<const Tensor>)>;

  Recompute(Function function, std::span<const Tensor> inputs);

  /// The place of a value that is dropped; -1 for one that is kept as usual. Called in the first
  /// run, on its thread.
  std::int32_t drop(const Tensor& value);
  /// The value of a place.
  Tensor take(std::int32_t place);

  /// What SavedTensors on this thread do now; null: keep values.
  static Recompute* current();
  /// Whether its function runs again.
  [[nodiscard]] bool runs_again() const { return again_; }

  /// Runs `body` as the first run.
  template <class Body>
  auto record(Body body) {
    const Scope scope(this);
    return body();
  }

 private:
  class Scope {
   public:
    explicit Scope(Recompute* call);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Recompute* before_;
  };
  struct Place {
    std::uint64_t checksum = 0;
    Tensor value;
  };

  void run_again();
  void bring_back(const Tensor& value);

  Function function_;
  std::vector<SavedTensor> inputs_;
  std::vector<const TensorImpl*> given_;  // the inputs of the run that is under way
  std::vector<bool> requires_grad_;
  Generator::State random_;
  bool autocast_;
  std::mutex mutex_;
  std::vector<Place> places_;
  std::size_t next_ = 0;  // place, while the function runs again
  bool again_ = false;
};

}  // namespace autograd

/// Whether this thread runs a checkpointed function again: what the function changes besides its
/// result (running statistics, counters) has been changed in the first run, and stays as it is.
inline bool is_recomputing() {
  const autograd::Recompute* call = autograd::Recompute::current();
  return call != nullptr && call->runs_again();
}

/// The result of function(inputs...), a Tensor or anything that holds tensors, with its saved
/// values dropped as described above. Tensors that the function reads besides its inputs are found
/// by the graph as usual; the function is copied and must not outlive what it refers to.
template <class F, class... Tensors>
auto checkpoint(F function, const Tensors&... inputs) {
  static_assert((std::is_same_v<Tensors, Tensor> && ...), "the inputs are tensors");
  const std::vector<Tensor> all = {inputs...};
  const auto call = [function]<std::size_t... I>(std::span<const Tensor> in,
                                                 std::index_sequence<I...> /*places*/) {
    return function(in[I]...);
  };
  constexpr auto kPlaces = std::index_sequence_for<Tensors...>{};
  if (!GradMode::is_enabled()) return call(all, kPlaces);
  const auto again = [call](std::span<const Tensor> in) {
    static_cast<void>(call(in, std::index_sequence_for<Tensors...>{}));
  };
  const auto recompute = make_ref<autograd::Recompute>(again, all);
  return recompute->record([&] { return call(all, kPlaces); });
}

}  // namespace gradus
